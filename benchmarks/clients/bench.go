// Command bench calls Recommend as often as it can: bench ADDRESS CALLERS SECONDS. Prints the latencies of its calls.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strconv"
	"sync"
	"time"

	"footlight.local/footlight"
	v1 "footlight.local/footlight/v1"
)

func main() {
	client, err := footlight.Dial(os.Args[1])
	check(err)
	callers, err := strconv.Atoi(os.Args[2])
	check(err)
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	check(err)
	measure(client, callers, 1) // connects and warms up
	taken := measure(client, callers, seconds)
	sort.Float64s(taken)
	at := func(share float64) float64 { return taken[int(share*float64(len(taken)-1))] }
	told, err := json.Marshal(map[string]float64{"calls_per_second": float64(len(taken)) / seconds, "p50_us": at(0.5), "p99_us": at(0.99)})
	check(err)
	fmt.Println(string(told))
}

func measure(client *footlight.Client, callers int, seconds float64) []float64 {
	end := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	var all []float64
	var lock sync.Mutex
	var running sync.WaitGroup
	for caller := 0; caller < callers; caller++ {
		running.Add(1)
		go func() {
			defer running.Done()
			own := []float64{}
			for time.Now().Before(end) {
				began := time.Now()
				request := &v1.RecommendRequest{UserId: "a-00", Deployment: "item-knn", Count: 10}
				_, err := client.Recommendation.Recommend(context.Background(), request)
				check(err)
				own = append(own, float64(time.Since(began).Nanoseconds())/1e3)
			}
			lock.Lock()
			all = append(all, own...)
			lock.Unlock()
		}()
	}
	running.Wait()
	return all
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
