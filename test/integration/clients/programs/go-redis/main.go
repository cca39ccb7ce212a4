// Carries out the steps named on stdin with go-redis, and says on stdout what came of each.
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var ctx = context.Background()
var client *redis.Client

func main() {
	options := &redis.Options{Addr: "127.0.0.1:" + os.Args[1]}
	if os.Args[2] != "default" {
		options.Protocol, _ = strconv.Atoi(os.Args[2])
	}
	client = redis.NewClient(options)
	defer client.Close()
	steps := map[string]func() string{
		"values": values, "types": types, "many": many, "pipeline": pipeline, "multi": multi, "watch": watch,
		"keys": keys, "publish": publish, "large": large, "script": script, "again": again,
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fmt.Printf("%s\t%s\n", lines.Text(), strings.ReplaceAll(steps[lines.Text()](), "\n", " "))
	}
}

func values() string {
	set := client.Set(ctx, "key", "value", 0).Val()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	client.Set(ctx, "bytes", every, 0)
	got, _ := client.Get(ctx, "bytes").Bytes()
	missing, err := client.Get(ctx, "nothing").Result()
	if errors.Is(err, redis.Nil) {
		missing = "none"
	}
	return fmt.Sprint(set, " ", client.Get(ctx, "key").Val(), " ", bytes.Equal(got, every), " ", missing, " ", client.Del(ctx, "bytes").Val())
}

func types() string {
	client.Del(ctx, "h", "l", "n")
	client.HSet(ctx, "h", "a", "1", "b", "2")
	client.RPush(ctx, "l", "x", "y")
	fields := client.HGetAll(ctx, "h").Val()
	number := client.IncrBy(ctx, "n", 7).Val()
	client.Expire(ctx, "n", 100*time.Second)
	list := strings.Join(client.LRange(ctx, "l", 0, -1).Val(), ",")
	return fmt.Sprintf("%s,%s %s %d %t", fields["a"], fields["b"], list, number, client.TTL(ctx, "n").Val() > 0)
}

func manyKeys() []string {
	var keys []string
	for i := range 100 {
		keys = append(keys, fmt.Sprintf("many:%d", i*7919))
	}
	return keys
}

func many() string {
	keys := manyKeys()
	var pairs []any
	for _, key := range keys {
		pairs = append(pairs, key, "of "+key)
	}
	client.MSet(ctx, pairs...)
	right := true
	for i, value := range client.MGet(ctx, keys...).Val() {
		right = right && value == "of "+keys[i]
	}
	return fmt.Sprint(right, " ", client.Del(ctx, keys...).Val())
}

func pipeline() string {
	client.Del(ctx, "p")
	asked := client.Pipeline()
	set, incr, lpush, get := asked.Set(ctx, "p", "1", 0), asked.Incr(ctx, "p"), asked.LPush(ctx, "p", "x"), asked.Get(ctx, "p")
	_, _ = asked.Exec(ctx)
	return fmt.Sprint(set.Val(), " ", incr.Val(), " ", strings.Split(lpush.Err().Error(), " ")[0], " ", get.Val())
}

func multi() string {
	asked := client.TxPipeline()
	set, incr, get := asked.Set(ctx, "p", "1", 0), asked.Incr(ctx, "p"), asked.Get(ctx, "p")
	_, _ = asked.Exec(ctx)
	return fmt.Sprint(set.Val(), " ", incr.Val(), " ", get.Val())
}

func watch() string {
	client.Set(ctx, "w", "1", 0)
	add := func(meanwhile func()) (int64, error) {
		var number *redis.IntCmd
		err := client.Watch(ctx, func(tx *redis.Tx) error {
			meanwhile()
			_, err := tx.TxPipelined(ctx, func(asked redis.Pipeliner) error { number = asked.Incr(ctx, "w"); return nil })
			return err
		}, "w")
		return number.Val(), err
	}
	outcome := "done"
	if _, err := add(func() { client.Set(ctx, "w", "2", 0) }); err == redis.TxFailedErr {
		outcome = "none"
	}
	number, _ := add(func() {})
	return fmt.Sprint("taken ", outcome, " ", number)
}

func keys() string {
	names := manyKeys()
	var pairs []any
	for _, name := range names {
		pairs = append(pairs, name, "")
	}
	client.MSet(ctx, pairs...)
	found := map[string]bool{}
	for walk := client.Scan(ctx, 0, "many:*", 30).Iterator(); walk.Next(ctx); {
		found[walk.Val()] = true
	}
	listed := client.Keys(ctx, "many:*").Val()
	client.Del(ctx, names...)
	return fmt.Sprint(len(found), " ", len(listed))
}

func publish() string {
	channel := fmt.Sprint("news:", os.Getpid())
	subscriber := client.Subscribe(ctx, channel)
	defer subscriber.Close()
	if err := subscriber.PSubscribe(ctx, channel+"*"); err != nil {
		return err.Error()
	}
	said := []string{}
	for len(said) < 3 {
		message, err := subscriber.ReceiveTimeout(ctx, 10*time.Second)
		if err != nil {
			return err.Error()
		}
		switch each := message.(type) {
		case *redis.Subscription:
			if each.Kind == "psubscribe" {
				said = append(said, fmt.Sprint(client.Publish(ctx, channel, "hello").Val()))
			}
		case *redis.Message:
			said = append(said, each.Payload)
		}
	}
	return strings.Join(said, " ")
}

func large() string {
	value := bytes.Repeat([]byte("large\r\n"), 150_000)[:1_048_576]
	client.Set(ctx, "large", value, 0)
	got, _ := client.Get(ctx, "large").Bytes()
	same := bytes.Equal(got, value)
	results := make(chan bool)
	for range 50 {
		go func() { results <- client.Get(ctx, "key").Val() == "value" }()
	}
	for range 50 {
		same = <-results && same
	}
	return fmt.Sprint(same)
}

func script() string {
	return fmt.Sprint(client.Eval(ctx, "return redis.call('get', KEYS[1])", []string{"key"}).Val())
}

func again() string {
	for range 200 {
		if value, err := client.Get(ctx, "key").Result(); err == nil {
			return value
		}
		time.Sleep(50 * time.Millisecond)
	}
	return "no answer"
}
