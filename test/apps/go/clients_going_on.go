package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
	"github.com/redis/rueidis"
)

// goingOnDeath: go-redis, redsync and rueidis while the master of their shard dies.
func goingOnDeath(port int, _ string) (verdicts, error) {
	ctx := context.Background()
	client := redis.NewClient(&redis.Options{Addr: address(port), Password: password(), ReadTimeout: patience})
	grouped, err := goRedisGroup(ctx, client)
	if err != nil {
		return nil, err
	}
	walked, err := goRedisWalk(ctx, client)
	if err != nil {
		return nil, err
	}
	remembered, err := rueidisCache(ctx, port)
	if err != nil {
		return nil, err
	}
	return goOn(together(goRedisCount(ctx, client), goRedisHear(ctx, client), goRedisPop(ctx, client), redsyncLock(client), grouped, walked, remembered)), nil
}

func goRedisCount(ctx context.Context, client *redis.Client) map[string]work {
	var mutex sync.Mutex
	written := map[int]bool{}
	var said []string
	doubtful := 0
	add := func() error {
		next := 0
		err := client.Watch(ctx, func(tx *redis.Tx) error {
			count, err := tx.Get(ctx, "go-count").Int()
			if err != nil && !errors.Is(err, redis.Nil) {
				return err
			}
			next = count + 1
			_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
				pipe.Set(ctx, "go-count", next, 0)
				return nil
			})
			return err
		}, "go-count")
		mutex.Lock()
		defer mutex.Unlock()
		if err == nil && written[next] {
			said = append(said, fmt.Sprintf("%d was written twice", next))
		}
		if err == nil {
			written[next] = true
		} else if !errors.Is(err, redis.TxFailedErr) {
			doubtful++
		}
		return err
	}
	step := func(int) error {
		results := make(chan error, 2)
		for range 2 {
			go func() { results <- add() }()
		}
		one, other := <-results, <-results
		if one == nil || other == nil {
			return nil
		}
		return one
	}
	return map[string]work{"go-redis: Watch": {step, func() []string {
		count, _ := client.Get(ctx, "go-count").Int()
		return append(said, tally{len(written), doubtful}.faults(count)...)
	}}}
}

func goRedisWalk(ctx context.Context, client *redis.Client) (map[string]work, error) {
	const most = 2000
	values := []any{}
	for i := range most {
		values = append(values, fmt.Sprintf("go-walk:%d", i), "x")
	}
	var said []string
	step := func(int) error {
		seen := map[string]bool{}
		walk := client.Scan(ctx, 0, "go-walk:*", 50).Iterator()
		for walk.Next(ctx) {
			seen[walk.Val()] = true
		}
		if walk.Err() == nil && len(seen) < most {
			said = append(said, fmt.Sprintf("%d of %d keys", len(seen), most))
		}
		return walk.Err()
	}
	return map[string]work{"go-redis: Scan": {step, func() []string { return said }}}, client.MSet(ctx, values...).Err()
}

func goRedisHear(ctx context.Context, client *redis.Client) map[string]work {
	var last, anew atomic.Int64
	last.Store(-1)
	listening := client.Subscribe(ctx, "go-news")
	go func() {
		for message := range listening.Channel() {
			n, _ := strconv.ParseInt(message.Payload, 10, 64)
			last.Store(n)
		}
	}()
	subscribed := func(n int) error {
		if err := client.Publish(ctx, "go-news", n).Err(); err != nil {
			return err
		}
		for ends := time.Now().Add(3 * time.Second); time.Now().Before(ends); time.Sleep(5 * time.Millisecond) {
			if last.Load() == int64(n) {
				return nil
			}
		}
		return errors.New("not heard")
	}
	subscribing := func(n int) error {
		name := fmt.Sprintf("go-news-%d", n)
		subscriber := client.Subscribe(ctx, name)
		defer subscriber.Close()
		if _, err := subscriber.Receive(ctx); err != nil {
			return err
		}
		if err := client.Publish(ctx, name, "today").Err(); err != nil {
			return err
		}
		select {
		case <-subscriber.Channel():
			anew.Add(1)
			return nil
		case <-time.After(3 * time.Second):
			return errors.New("not heard")
		}
	}
	return map[string]work{"go-redis: subscribed": {step: subscribed}, "go-redis: Subscribe": {step: subscribing}}
}

func goRedisPop(ctx context.Context, client *redis.Client) map[string]work {
	hand := newHandOver(1)
	for range 2 {
		go func() {
			for {
				popped, err := client.BLPop(ctx, time.Second, "go-jobs").Result()
				if err == nil {
					n, _ := strconv.Atoi(popped[1])
					hand.take(n)
				} else if !errors.Is(err, redis.Nil) {
					hand.doubt()
				}
			}
		}()
	}
	return map[string]work{"go-redis: BLPop": given(hand, func(n int) error { return client.RPush(ctx, "go-jobs", n).Err() })}
}

func goRedisGroup(ctx context.Context, client *redis.Client) (map[string]work, error) {
	hand := newHandOver(0)
	done := func(messages []redis.XMessage) {
		for _, message := range messages {
			n, _ := strconv.Atoi(fmt.Sprint(message.Values["n"]))
			hand.take(n)
			client.XAck(ctx, "go-log", "group", message.ID)
		}
	}
	consume := func(me string) {
		for round := 0; ; round++ {
			read, err := client.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "group", Consumer: me, Streams: []string{"go-log", ">"}, Count: 10, Block: 500 * time.Millisecond}).Result()
			if err == nil {
				done(read[0].Messages)
			}
			if round%5 == 0 {
				// what it was given, and not told, is pending
				claimed, _, _ := client.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: "go-log", Group: "group", Consumer: me, MinIdle: 500 * time.Millisecond, Start: "0"}).Result()
				done(claimed)
			}
		}
	}
	err := client.XGroupCreateMkStream(ctx, "go-log", "group", "0").Err()
	for _, me := range []string{"a", "b"} {
		go consume(me)
	}
	return map[string]work{"go-redis: XReadGroup": given(hand, func(n int) error {
		return client.XAdd(ctx, &redis.XAddArgs{Stream: "go-log", Values: []string{"n", strconv.Itoa(n)}}).Err()
	})}, err
}

func redsyncLock(client *redis.Client) map[string]work {
	locks := redsync.New(goredis.NewPool(client))
	var inside, most atomic.Int32
	section := func() error {
		lock := locks.NewMutex("redsync", redsync.WithExpiry(8*time.Second), redsync.WithTries(10), redsync.WithRetryDelay(50*time.Millisecond))
		if err := lock.Lock(); err != nil {
			return err
		}
		if now := inside.Add(1); now > most.Load() {
			most.Store(now)
		}
		time.Sleep(20 * time.Millisecond)
		inside.Add(-1)
		_, err := lock.Unlock()
		return err
	}
	step := func(int) error {
		results := make(chan error, 2)
		for range 2 {
			go func() { results <- section() }()
		}
		return errors.Join(<-results, <-results)
	}
	return map[string]work{"redsync": {step, func() []string {
		if most.Load() > 1 {
			return []string{fmt.Sprintf("%d were inside at once", most.Load())}
		}
		return nil
	}}}
}

// rueidisCache: what another client wrote is read ten seconds later at most, whatever lies in the memory of this one.
func rueidisCache(ctx context.Context, port int) (map[string]work, error) {
	options := rueidis.ClientOption{InitAddress: []string{address(port)}, Password: password()}
	reader, err := rueidis.NewClient(options)
	if err != nil {
		return nil, err
	}
	writer, err := rueidis.NewClient(options)
	if err != nil {
		return nil, err
	}
	var said []string
	hits := 0
	read := func() (int64, error) {
		result := reader.DoCache(ctx, reader.B().Get().Key("r-cached").Cache(), time.Hour)
		if result.IsCacheHit() {
			hits++
		}
		return result.AsInt64()
	}
	step := func(n int) error {
		_, _ = read()
		if err := writer.Do(ctx, writer.B().Set().Key("r-cached").Value(strconv.Itoa(n)).Build()).Error(); err != nil {
			return err
		}
		var value int64
		for ends := time.Now().Add(10 * time.Second); time.Now().Before(ends); time.Sleep(5 * time.Millisecond) {
			if value, err = read(); err == nil && value == int64(n) {
				// so that the next value finds this one in the memory
				_, _ = read()
				return nil
			}
		}
		if err != nil {
			return err
		}
		said = append(said, fmt.Sprintf("stale: %d, ten seconds after %d was written", value, n))
		return errors.New("stale")
	}
	return map[string]work{"rueidis: cache": {step, func() []string {
		if hits == 0 {
			said = append(said, "nothing was remembered")
		}
		return said
	}}}, nil
}
