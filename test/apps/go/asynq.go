package main

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
)

// silent is the log of programs whose errors are told by their verdicts.
type silent struct{}

func (silent) Debug(...any) {}
func (silent) Info(...any)  {}
func (silent) Warn(...any)  {}
func (silent) Error(...any) {}
func (silent) Fatal(...any) {}

func job(kind string, number int) *asynq.Task {
	return asynq.NewTask(kind, []byte(strconv.Itoa(number)))
}

func numberOf(payload []byte) int {
	number, err := strconv.Atoi(string(payload))
	if err != nil {
		return -1
	}
	return number
}

// asynqProgram: tasks, a delayed one, a retried one, a unique one, one that is cancelled while it runs, the inspector.
func asynqProgram(port int, _ string) (verdicts, error) {
	redis := asynq.RedisClientOpt{Addr: address(port), Password: password()}
	client := asynq.NewClient(redis)
	inspector := asynq.NewInspector(redis)
	server := asynq.NewServer(redis, asynq.Config{
		Concurrency:              5,
		Logger:                   silent{},
		DelayedTaskCheckInterval: 200 * time.Millisecond,
		RetryDelayFunc:           func(int, error, *asynq.Task) time.Duration { return 100 * time.Millisecond },
	})
	done := newNumbers()
	var tries atomic.Int32
	var cancelled atomic.Bool
	tasks := asynq.NewServeMux()
	tasks.HandleFunc("note", func(_ context.Context, task *asynq.Task) error {
		done.add(numberOf(task.Payload()))
		return nil
	})
	tasks.HandleFunc("twice", func(context.Context, *asynq.Task) error {
		if tries.Add(1) == 1 {
			return errors.New("once")
		}
		return nil
	})
	tasks.HandleFunc("long", func(ctx context.Context, _ *asynq.Task) error {
		select {
		case <-ctx.Done():
			cancelled.Store(true)
		case <-time.After(patience):
		}
		return nil
	})
	if err := server.Start(tasks); err != nil {
		return nil, err
	}
	for number := range 10 {
		if _, err := client.Enqueue(job("note", number)); err != nil {
			return nil, err
		}
	}
	if _, err := client.Enqueue(job("note", 10), asynq.ProcessIn(300*time.Millisecond)); err != nil {
		return nil, err
	}
	if _, err := client.Enqueue(job("twice", 0), asynq.MaxRetry(3)); err != nil {
		return nil, err
	}
	unique := []any{}
	for range 2 {
		_, err := client.Enqueue(job("note", 11), asynq.Unique(time.Hour), asynq.ProcessIn(time.Hour))
		unique = append(unique, errors.Is(err, asynq.ErrDuplicateTask))
	}
	long, err := client.Enqueue(job("long", 0))
	if err != nil {
		return nil, err
	}
	err = until("the end of a task that is cancelled", func() bool {
		// heard by those who run it
		return inspector.CancelProcessing(long.ID) == nil && cancelled.Load()
	})
	if err != nil {
		return nil, err
	}
	if err := until("all tasks", func() bool { return done.count() == 11 && tries.Load() == 2 }); err != nil {
		return nil, err
	}
	servers, err := inspector.Servers()
	if err != nil {
		return nil, err
	}
	queue, err := inspector.GetQueueInfo("default")
	if err != nil {
		return nil, err
	}
	said := verdicts{"done": done.count(), "tries": tries.Load(), "unique": unique, "cancelled": cancelled.Load(), "servers": len(servers), "scheduled": queue.Scheduled}
	server.Shutdown()
	return said, nil
}

func asynqDeath(port int, _ string) (verdicts, error) {
	redis := asynq.RedisClientOpt{Addr: address(port), Password: password()}
	client := asynq.NewClient(redis)
	inspector := asynq.NewInspector(redis)
	server := asynq.NewServer(redis, asynq.Config{
		Concurrency:              4,
		Logger:                   silent{},
		TaskCheckInterval:        50 * time.Millisecond,
		DelayedTaskCheckInterval: 200 * time.Millisecond,
		RetryDelayFunc:           func(int, error, *asynq.Task) time.Duration { return 100 * time.Millisecond },
	})
	done := newNumbers()
	note := func(_ context.Context, task *asynq.Task) error {
		done.add(numberOf(task.Payload()))
		return nil
	}
	if err := server.Start(asynq.HandlerFunc(note)); err != nil {
		return nil, err
	}
	accept := func(number int) error {
		_, err := client.Enqueue(job("note", number))
		return err
	}
	held := func() (*numbers, error) {
		kept := newNumbers()
		active, err := inspector.ListActiveTasks("default", asynq.PageSize(1000))
		for _, task := range active {
			kept.add(numberOf(task.Payload))
		}
		return kept, err
	}
	return feed(accept, done, held)
}
