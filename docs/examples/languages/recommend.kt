// kotlin recommend.kt, with the Java client on the class path: RecommendKt localhost:7007 ada
import footlight.Client
import footlight.FootlightException
import kotlin.system.exitProcess

fun main(words: Array<String>) {
    Client.at(words[0]).token(System.getenv("FOOTLIGHT_TOKEN")).connect().use { client ->
        try {
            client.recommend(words[1], 3).itemsList.forEach { println("%s %.3f".format(it.itemId, it.score)) }
        } catch (error: FootlightException) {
            System.err.println("${error.reason()}: ${error.message}")
            exitProcess(1)
        }
    }
}
