// Go libraries in the use that their documentation shows; one executable, the program's name is its first argument.
//
// Every program is given the port of a pool and how to name its keys ("" = the library's own way). It prints one JSON
// document of verdicts, or {"error": "..."} with what a user of the library would have been told.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"
)

const patience = 30 * time.Second

type verdicts map[string]any

var programs = map[string]func(port int, naming string) (verdicts, error){
	"asynq":          asynqProgram,
	"asynq-death":    asynqDeath,
	"go-redis":       goRedisProgram,
	"going-on-death": goingOnDeath,
	"redsync":        redsyncProgram,
	"rueidis":        rueidisProgram,
}

func main() {
	program := programs[os.Args[1]]
	port, err := strconv.Atoi(os.Args[2])
	if program == nil || err != nil {
		fmt.Fprintln(os.Stderr, "usage: applications PROGRAM PORT NAMING")
		os.Exit(2)
	}
	said, err := program(port, os.Args[3])
	if err != nil {
		said = verdicts{"error": err.Error()}
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		panic(err)
	}
}

func address(port int) string {
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// password of the pool, "" where it asks for none.
func password() string {
	return os.Getenv("APPS_PASSWORD")
}

// until asks until it is so; what a user would wait for has half a minute.
func until(what string, condition func() bool) error {
	for ends := time.Now().Add(patience); time.Now().Before(ends); time.Sleep(20 * time.Millisecond) {
		if condition() {
			return nil
		}
	}
	return errors.New("waited 30 s for " + what)
}
