package main

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

const (
	enoughBefore = 5
	enoughAfter  = 10
	// while others still begin, for what is kept is looked at in the end
	longPause = 250 * time.Millisecond
	many      = 200
)

// work is done again and again while the master of its shard dies; what fails is tried again, as its user would.
type work struct {
	// step does it once; an error says that it did not work
	step func(n int) error
	// faults says at the end what should not have been; nil where there is nothing to say
	faults func() []string
}

// goOn does all works at once and returns the faults of each.
func goOn(works map[string]work) verdicts {
	killed := hearKill()
	var mutex sync.Mutex
	before, after, last := map[string]int{}, map[string]int{}, map[string]string{}
	all := func(counts map[string]int, most int) bool {
		mutex.Lock()
		defer mutex.Unlock()
		for name := range works {
			if counts[name] < most {
				return false
			}
		}
		return true
	}
	started := time.Now()
	var killedAt time.Time
	late := func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		if killed.Load() && killedAt.IsZero() {
			killedAt = time.Now()
		}
		return !killedAt.IsZero() && time.Since(killedAt) > 2*patience
	}
	var running sync.WaitGroup
	for name, each := range works {
		running.Go(func() {
			for n := 0; !all(after, enoughAfter) && !late(); n++ {
				since := killed.Load()
				err := each.step(n)
				mutex.Lock()
				if err != nil {
					last[name] = err.Error()
				} else if since {
					after[name]++
				} else {
					before[name]++
				}
				mutex.Unlock()
				time.Sleep(pause)
				if n > many && !since {
					time.Sleep(longPause)
				}
			}
		})
	}
	for !all(before, enoughBefore) && time.Since(started) < 2*patience {
		time.Sleep(pause)
	}
	fmt.Println("begun")
	running.Wait()
	said := verdicts{}
	for name, each := range works {
		faults := []string{}
		if each.faults != nil {
			faults = append(faults, each.faults()...)
		}
		if after[name] < enoughAfter {
			faults = append(faults, fmt.Sprintf("worked %d times after the kill; last: %s", after[name], last[name]))
		}
		said[name] = faults
	}
	return said
}

func together(all ...map[string]work) map[string]work {
	works := map[string]work{}
	for _, each := range all {
		maps.Copy(works, each)
	}
	return works
}

// tally of what was confirmed, and of what may have been done.
type tally struct{ confirmed, doubtful int }

func (t tally) faults(count int) []string {
	if count >= t.confirmed && count <= t.confirmed+t.doubtful {
		return nil
	}
	return []string{fmt.Sprintf("%d counted, %d confirmed, %d in doubt", count, t.confirmed, t.doubtful)}
}

// handOver: each number that was accepted is taken, `most` times at most (0: any), but those that a taker was told it may have lost.
type handOver struct {
	mutex    sync.Mutex
	accepted []int
	taken    map[int]int
	doubtful int
	most     int
}

func newHandOver(most int) *handOver {
	return &handOver{taken: map[int]int{}, most: most}
}

func (h *handOver) accept(n int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.accepted = append(h.accepted, n)
}

func (h *handOver) take(n int) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.taken[n]++
}

func (h *handOver) doubt() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.doubtful++
}

func (h *handOver) faults() []string {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	var missing, often []int
	for _, n := range h.accepted {
		if h.taken[n] == 0 {
			missing = append(missing, n)
		}
	}
	for n, times := range h.taken {
		if h.most > 0 && times > h.most {
			often = append(often, n)
		}
	}
	slices.Sort(often)
	var said []string
	if len(missing) > h.doubtful {
		said = append(said, fmt.Sprintf("lost %v, with %d takes in doubt", missing, h.doubtful))
	}
	if len(often) > 0 {
		said = append(said, fmt.Sprintf("taken more than once: %v", often))
	}
	return said
}

// given has one number more each time; in the end all that were accepted have been taken.
func given(hand *handOver, give func(n int) error) work {
	return work{
		step: func(n int) error {
			err := give(n)
			if err == nil {
				hand.accept(n)
			}
			return err
		},
		faults: func() []string {
			_ = until("the last", func() bool { return len(hand.faults()) == 0 })
			return hand.faults()
		},
	}
}
