package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/rueidis"
)

// rueidisProgram: its automatic pipelines, transactions on a dedicated connection, scripts, waiting, publish/subscribe.
// naming "uncached": without client-side caching.
func rueidisProgram(port int, naming string) (verdicts, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:  []string{address(port)},
		Password:     password(),
		DisableCache: naming == "uncached",
	})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx := context.Background()
	sets := rueidis.Commands{}
	keys := []string{}
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("rueidis:%d:%d", i, i*7919))
		sets = append(sets, client.B().Set().Key(keys[i]).Value(keys[i]).Ex(time.Minute).Build())
	}
	for _, result := range client.DoMulti(ctx, sets...) {
		if err := result.Error(); err != nil {
			return nil, err
		}
	}
	values, err := rueidis.MGet(client, ctx, keys)
	if err != nil {
		return nil, err
	}
	many := 0
	for key, value := range values {
		if text, err := value.ToString(); err == nil && text == key {
			many++
		}
	}
	cached, err := cache(ctx, client, keys[0], naming != "uncached")
	if err != nil {
		return nil, err
	}
	var moved []int64
	err = client.Dedicated(func(own rueidis.DedicatedClient) error {
		replies := own.DoMulti(ctx,
			own.B().Watch().Key("{r}:a").Build(), own.B().Multi().Build(),
			own.B().Decrby().Key("{r}:a").Decrement(5).Build(), own.B().Incrby().Key("{r}:b").Increment(5).Build(),
			own.B().Exec().Build())
		moved, err = replies[4].AsIntSlice()
		return err
	})
	if err != nil {
		return nil, err
	}
	script := rueidis.NewLuaScript("return redis.call('incrby', KEYS[1], ARGV[1])")
	scripts := 0
	for i := range 20 {
		sum, err := script.Exec(ctx, client, []string{fmt.Sprintf("r-s:%d:%d", i, i*7919)}, []string{fmt.Sprint(i)}).AsInt64()
		if err != nil {
			return nil, err
		}
		if sum == int64(i) {
			scripts++
		}
	}
	heard := make(chan string, 100)
	listening, stop := context.WithCancel(ctx)
	defer stop()
	go client.Receive(listening, client.B().Subscribe().Channel("r-news").Build(), func(message rueidis.PubSubMessage) {
		heard <- message.Message
	})
	err = until("the subscription", func() bool {
		count, err := client.Do(ctx, client.B().Publish().Channel("r-news").Message("today").Build()).AsInt64()
		return err == nil && count == 1
	})
	if err != nil {
		return nil, err
	}
	popped := make(chan []string, 1)
	go func() {
		element, _ := client.Do(ctx, client.B().Blpop().Key("r-jobs").Timeout(20).Build()).AsStrSlice()
		popped <- element
	}()
	if err := client.Do(ctx, client.B().Rpush().Key("r-jobs").Element("job").Build()).Error(); err != nil {
		return nil, err
	}
	return verdicts{"many": many, "cached": cached, "moved": moved, "scripts": scripts, "heard": <-heard, "popped": <-popped}, nil
}

// cache reads a key twice, the second time from the client's memory if it has one, and again when it was written.
func cache(ctx context.Context, client rueidis.Client, key string, remembers bool) (string, error) {
	hit := false
	read := func() (string, error) {
		result := client.DoCache(ctx, client.B().Get().Key(key).Cache(), time.Minute)
		hit = result.IsCacheHit()
		return result.ToString()
	}
	for range 2 {
		if value, err := read(); err != nil || value != key {
			return value, errors.Join(err, errors.New("not what was stored"))
		}
	}
	if hit != remembers {
		return "", fmt.Errorf("from the client's memory: %t", hit)
	}
	if err := client.Do(ctx, client.B().Set().Key(key).Value("new").Build()).Error(); err != nil {
		return "", err
	}
	var value string
	err := until("the new value", func() bool {
		got, err := read()
		value = got
		return err == nil && got == "new"
	})
	return value, err
}
