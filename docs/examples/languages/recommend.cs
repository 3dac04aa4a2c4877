// recommend.exe http://127.0.0.1:7080 ada: over HTTP by the Connect protocol, with nothing but what .NET and Mono bring.
using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Runtime.Serialization;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading.Tasks;

[DataContract] class Request
{
    [DataMember(Name = "userId")] public string UserId;
    [DataMember(Name = "count")] public int Count;
}

[DataContract] class Item
{
    [DataMember(Name = "itemId")] public string ItemId;
    [DataMember(Name = "score")] public double Score;
}

[DataContract] class Answer
{
    [DataMember(Name = "items")] public List<Item> Items = new List<Item>();
}

[DataContract] class Facts
{
    [DataMember(Name = "reason")] public string Reason;
}

[DataContract] class Detail
{
    [DataMember(Name = "debug")] public Facts Debug;
}

[DataContract] class Refusal
{
    [DataMember(Name = "message")] public string Message;
    [DataMember(Name = "details")] public List<Detail> Details;
}

static class Recommend
{
    static int Main(string[] words)
    {
        return Run(words).GetAwaiter().GetResult();
    }

    static async Task<int> Run(string[] words)
    {
        using (var client = new HttpClient { Timeout = TimeSpan.FromSeconds(6) })
        {
            var token = Environment.GetEnvironmentVariable("FOOTLIGHT_TOKEN");
            if (token != null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
            client.DefaultRequestHeaders.Add("Connect-Timeout-Ms", "5000");
            var body = new StringContent(Written(new Request { UserId = words[1], Count = 3 }), Encoding.UTF8, "application/json");
            var response = await client.PostAsync(words[0] + "/footlight.v1.RecommendationService/Recommend", body);
            var answer = await response.Content.ReadAsStreamAsync();
            if (!response.IsSuccessStatusCode)
            {
                var refusal = Read<Refusal>(answer);
                Console.Error.WriteLine("{0}: {1}", refusal.Details[0].Debug.Reason, refusal.Message);
                return 1;
            }
            foreach (var item in Read<Answer>(answer).Items) Console.WriteLine("{0} {1:F3}", item.ItemId, item.Score);
            return 0;
        }
    }

    static string Written<T>(T value)
    {
        var text = new MemoryStream();
        new DataContractJsonSerializer(typeof(T)).WriteObject(text, value);
        return Encoding.UTF8.GetString(text.ToArray());
    }

    static T Read<T>(Stream text)
    {
        return (T)new DataContractJsonSerializer(typeof(T)).ReadObject(text);
    }
}
