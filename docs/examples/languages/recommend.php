<?php
// php recommend.php http://127.0.0.1:7080 ada: over HTTP by the Connect protocol, with nothing but PHP's curl.
[, $server, $user] = $argv;
$headers = ["Content-Type: application/json", "Connect-Timeout-Ms: 5000"];
if (getenv("FOOTLIGHT_TOKEN")) {
    $headers[] = "Authorization: Bearer " . getenv("FOOTLIGHT_TOKEN");
}

$call = curl_init("$server/footlight.v1.RecommendationService/Recommend");
curl_setopt_array($call, [
    CURLOPT_POSTFIELDS => json_encode(["userId" => $user, "count" => 3]),
    CURLOPT_HTTPHEADER => $headers,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT_MS => 6000,
]);
$body = curl_exec($call);
if ($body === false) {
    fwrite(STDERR, "no answer: " . curl_error($call) . "\n");
    exit(1);
}
$answer = json_decode($body, true);
if (curl_getinfo($call, CURLINFO_RESPONSE_CODE) !== 200) {
    $reason = $answer["details"][0]["debug"]["reason"] ?? $answer["code"];
    fwrite(STDERR, "$reason: {$answer['message']}\n");
    exit(1);
}
foreach ($answer["items"] ?? [] as $item) {
    printf("%s %.3f\n", $item["itemId"], $item["score"]);
}
