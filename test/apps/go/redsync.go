package main

import (
	"sync"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

// redsyncProgram: eight want one lock; one is extended; one is somebody else's.
func redsyncProgram(port int, _ string) (verdicts, error) {
	client := redis.NewClient(&redis.Options{Addr: address(port), Password: password()})
	made := redsync.New(goredis.NewPool(client))
	var all sync.WaitGroup
	var inside, most, sections int
	faults := make(chan error, 8)
	for range 8 {
		all.Go(func() {
			lock := made.NewMutex("bill")
			if err := lock.Lock(); err != nil {
				faults <- err
				return
			}
			inside++
			most = max(most, inside)
			time.Sleep(5 * time.Millisecond)
			inside--
			sections++
			if _, err := lock.Unlock(); err != nil {
				faults <- err
			}
		})
	}
	all.Wait()
	close(faults)
	if err := <-faults; err != nil {
		return nil, err
	}
	held := made.NewMutex("held", redsync.WithExpiry(30*time.Second))
	if err := held.Lock(); err != nil {
		return nil, err
	}
	refused := made.NewMutex("held", redsync.WithTries(1)).Lock() != nil
	extended, err := held.Extend()
	if err != nil {
		return nil, err
	}
	unlocked, err := held.Unlock()
	if err != nil {
		return nil, err
	}
	again := made.NewMutex("held", redsync.WithTries(1)).Lock() == nil
	return verdicts{"sections": sections, "most": most, "refused": refused, "extended": extended, "unlocked": unlocked, "again": again}, nil
}
