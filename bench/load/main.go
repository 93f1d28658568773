// Load puts a planned load on one server and reports what came of it.
//
// A plan arrives on standard input, a report leaves on standard output, both JSON. The program shares the
// machine with the server it measures, so it copies nothing it can leave to the kernel: answers are thrown
// away inside the socket (MSG_TRUNC), bodies go out by sendfile.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"
)

// Plan is what to do to one server.
type Plan struct {
	Address string  `json:"address"`
	Seconds float64 `json:"seconds"`
	// LeadSeconds is how long the crowds in the background are at work before the others start.
	LeadSeconds float64 `json:"lead_seconds"`
	Crowds      []Crowd `json:"crowds"`
}

// Crowd is a number of clients that all do one thing, again and again until the time is up.
type Crowd struct {
	Name         string            `json:"name"`
	Connections  int               `json:"connections"`
	IsBackground bool              `json:"is_background"`
	Headers      map[string]string `json:"headers"`

	// Requests: every client keeps its connection and goes round the paths.
	Method string   `json:"method"`
	Paths  []string `json:"paths"`
	Body   string   `json:"body"`
	// BytesPerSecond slows each client's reading down; 0 reads as fast as it comes.
	BytesPerSecond int `json:"bytes_per_second"`

	// Pushes: POST, PATCH, PUT of blobs nobody has seen, a new connection for each request as docker has it.
	PushPath  string `json:"push_path"`
	SizeBytes int64  `json:"size_bytes"`
	IsChunked bool   `json:"is_chunked"`
	// Repeat is how many pushes each client makes, whatever the time; 0 goes by the time.
	Repeat int `json:"repeat"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run() error {
	var plan Plan
	if err := json.NewDecoder(os.Stdin).Decode(&plan); err != nil {
		return fmt.Errorf("the plan: %w", err)
	}
	// A crowd of requests keeps one of Go's processors for itself.
	runtime.GOMAXPROCS(runtime.NumCPU() + len(plan.Crowds))
	tallies := make([]*Tally, len(plan.Crowds))
	starts := make([]func(deadline time.Time), len(plan.Crowds))
	for i, crowd := range plan.Crowds {
		tallies[i] = &Tally{name: crowd.Name}
		work, err := crowd.prepare(plan.Address, tallies[i])
		if err != nil {
			return err
		}
		starts[i] = func(deadline time.Time) { tallies[i].time(func() { work(deadline) }) }
	}

	measured := plan.start(starts)
	for range measured.count {
		<-measured.ended
	}
	reports := make([]Report, len(tallies))
	for i, tally := range tallies {
		reports[i] = tally.report()
	}
	return json.NewEncoder(os.Stdout).Encode(reports)
}

type measurement struct {
	count int
	ended chan struct{}
}

// start sets the background to work, then the measured crowds, all of which say when they have ended.
func (plan Plan) start(starts []func(time.Time)) measurement {
	measured := measurement{ended: make(chan struct{})}
	for i, crowd := range plan.Crowds {
		if crowd.IsBackground {
			go starts[i](time.Time{})
		}
	}
	time.Sleep(time.Duration(plan.LeadSeconds * float64(time.Second)))
	deadline := time.Now().Add(time.Duration(plan.Seconds * float64(time.Second)))
	for i, crowd := range plan.Crowds {
		if !crowd.IsBackground {
			measured.count++
			go func() {
				starts[i](deadline)
				measured.ended <- struct{}{}
			}()
		}
	}
	return measured
}

// prepare makes the crowd ready; what it returns goes on until the deadline, for ever where that is zero.
func (crowd Crowd) prepare(address string, tally *Tally) (func(deadline time.Time), error) {
	if crowd.PushPath == "" {
		all, err := newRequesters(crowd, address, tally)
		if err != nil {
			return nil, err
		}
		return all.run, nil
	}
	content, err := newContent(crowd.SizeBytes, crowd.IsChunked)
	if err != nil {
		return nil, err
	}
	return func(deadline time.Time) {
		inParallel(crowd.Connections, func() { push(crowd, address, content, tally, deadline) })
	}, nil
}

func inParallel(count int, work func()) {
	var all sync.WaitGroup
	for range count {
		all.Add(1)
		go func() {
			defer all.Done()
			work()
		}()
	}
	all.Wait()
}
