package main

import (
	"bufio"
	"fmt"
	"os"
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

const (
	pause  = 25 * time.Millisecond
	before = 20
	after  = 40
	// so that a slow worker is not left behind
	mostWaiting = 30
)

// numbers is a set that several goroutines fill.
type numbers struct {
	mutex sync.Mutex
	all   map[int]bool
}

func newNumbers() *numbers {
	return &numbers{all: map[int]bool{}}
}

func (n *numbers) add(number int) {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	n.all[number] = true
}

// missing of those that are given.
func (n *numbers) missing(given []int) []int {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	left := []int{}
	for _, number := range given {
		if !n.all[number] {
			left = append(left, number)
		}
	}
	return left
}

func (n *numbers) count() int {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return len(n.all)
}

// hearKill tells whether the master has been killed by now.
func hearKill() *atomic.Bool {
	var killed atomic.Bool
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			if lines.Text() == "killed" {
				killed.Store(true)
			}
		}
	}()
	return &killed
}

// feed gives a queue one job after the other while the master of its shard dies: says "begun" when it is at work, hears
// "killed", and ends when enough of what was accepted after that is done, and everything else.
//
// held tells the jobs that the queue keeps for when their worker is taken for dead, which takes it minutes.
func feed(accept func(int) error, done *numbers, held func() (*numbers, error)) (verdicts, error) {
	killed := hearKill()
	var accepted, later []int
	told := false
	ends := time.Now().Add(4 * patience)
	for number := 0; len(later)-len(done.missing(later)) < after; number++ {
		if time.Now().After(ends) {
			return nil, fmt.Errorf("%d jobs accepted after the kill, %d of them not done in time", len(later), len(done.missing(later)))
		}
		if !told && done.count() >= before {
			told = true
			fmt.Println("begun")
		}
		time.Sleep(pause)
		if len(done.missing(accepted)) >= mostWaiting {
			continue
		}
		since := killed.Load()
		// not accepted: its user knows, and would ask again
		if accept(number) == nil {
			accepted = append(accepted, number)
			if since {
				later = append(later, number)
			}
		}
	}
	lost := accepted
	for ends := time.Now().Add(patience); len(lost) > 0 && time.Now().Before(ends); time.Sleep(50 * time.Millisecond) {
		lost = done.missing(accepted)
		if len(lost) > 0 && held != nil {
			kept, err := held()
			if err != nil {
				return nil, err
			}
			lost = kept.missing(lost)
		}
	}
	sort.Ints(lost)
	return verdicts{"lost": lost, "worked": true}, nil
}
