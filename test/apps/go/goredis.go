package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// goRedisProgram: pipelines, transactions with and without WATCH, scripts, walking, waiting, publish/subscribe, streams.
func goRedisProgram(port int, _ string) (verdicts, error) {
	client := redis.NewClient(&redis.Options{Addr: address(port), Password: password()})
	ctx := context.Background()
	keys := []string{}
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("go:%d:%d", i, i*7919))
	}
	_, err := client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, key := range keys {
			pipe.Set(ctx, key, key, time.Minute)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	values, err := client.MGet(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	many := 0
	for i, value := range values {
		if value == keys[i] {
			many++
		}
	}
	results, err := client.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.DecrBy(ctx, "{go}:a", 5)
		pipe.IncrBy(ctx, "{go}:b", 5)
		return nil
	})
	if err != nil {
		return nil, err
	}
	moved := []int64{results[0].(*redis.IntCmd).Val(), results[1].(*redis.IntCmd).Val()}
	counted, err := countTogether(ctx, client)
	if err != nil {
		return nil, err
	}
	script := redis.NewScript("return redis.call('incrby', KEYS[1], ARGV[1])")
	scripts := 0
	for i := range 20 {
		sum, err := script.Run(ctx, client, []string{fmt.Sprintf("go-s:%d:%d", i, i*7919)}, i).Int()
		if err != nil {
			return nil, err
		}
		if sum == i {
			scripts++
		}
	}
	scanned := map[string]bool{}
	walk := client.Scan(ctx, 0, "go:*", 10).Iterator()
	for walk.Next(ctx) {
		scanned[walk.Val()] = true
	}
	if walk.Err() != nil {
		return nil, walk.Err()
	}
	heard, err := hear(ctx, client)
	if err != nil {
		return nil, err
	}
	popped := make(chan []string, 1)
	go func() {
		element, _ := client.BLPop(ctx, patience, "go-jobs").Result()
		popped <- element
	}()
	if err := client.RPush(ctx, "go-jobs", "job").Err(); err != nil {
		return nil, err
	}
	if err := client.XGroupCreateMkStream(ctx, "go-log", "group", "0").Err(); err != nil {
		return nil, err
	}
	go func() {
		time.Sleep(50 * time.Millisecond)
		client.XAdd(ctx, &redis.XAddArgs{Stream: "go-log", Values: []string{"a", "1"}})
	}()
	streams, err := client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "group", Consumer: "me", Streams: []string{"go-log", ">"}}).Result()
	if err != nil {
		return nil, err
	}
	deleted, err := client.Del(ctx, keys...).Result()
	if err != nil {
		return nil, err
	}
	return verdicts{"many": many, "moved": moved, "counted": counted, "scripts": scripts, "scanned": len(scanned), "heard": heard, "popped": <-popped, "entries": len(streams[0].Messages), "deleted": deleted}, nil
}

// countTogether has ten read, add one and write back, each under WATCH, again when another was quicker.
func countTogether(ctx context.Context, client *redis.Client) (int, error) {
	var all sync.WaitGroup
	faults := make(chan error, 10)
	add := func(tx *redis.Tx) error {
		count, err := tx.Get(ctx, "go-count").Int()
		if err != nil && !errors.Is(err, redis.Nil) {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			pipe.Set(ctx, "go-count", count+1, 0)
			return nil
		})
		return err
	}
	for range 10 {
		all.Go(func() {
			var err error = redis.TxFailedErr
			for errors.Is(err, redis.TxFailedErr) {
				err = client.Watch(ctx, add, "go-count")
			}
			if err != nil {
				faults <- err
			}
		})
	}
	all.Wait()
	close(faults)
	if err := <-faults; err != nil {
		return 0, err
	}
	return client.Get(ctx, "go-count").Int()
}

func hear(ctx context.Context, client *redis.Client) ([]string, error) {
	subscriber := client.Subscribe(ctx, "go-news")
	defer subscriber.Close()
	if err := subscriber.PSubscribe(ctx, "go-n*"); err != nil {
		return nil, err
	}
	messages := subscriber.Channel()
	err := until("both subscriptions", func() bool { return client.Publish(ctx, "go-news", "today").Val() == 2 })
	if err != nil {
		return nil, err
	}
	heard := map[string]bool{}
	for len(heard) < 2 {
		select {
		case message := <-messages:
			heard[message.Pattern+" "+message.Payload] = true
		case <-time.After(patience):
			return nil, errors.New("waited 30 s for a message")
		}
	}
	all := []string{}
	for each := range heard {
		all = append(all, each)
	}
	slices.Sort(all)
	return all, nil
}
