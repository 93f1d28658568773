package main

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Report is what a crowd came to. Bytes are those of bodies: read by requests, sent by completed pushes.
type Report struct {
	Name         string  `json:"name"`
	Seconds      float64 `json:"seconds"`
	Requests     int     `json:"requests"`
	Bytes        int64   `json:"bytes"`
	Failures     int     `json:"failures"`
	FirstFailure string  `json:"first_failure"`
	P50Ms        float64 `json:"p50_ms"`
	P99Ms        float64 `json:"p99_ms"`
	MaxMs        float64 `json:"max_ms"`
}

// Tally counts what the clients of one crowd do; any of them may call it at any time.
type Tally struct {
	name  string
	bytes atomic.Int64

	mutex        sync.Mutex
	began, ended time.Time
	latencies    []time.Duration
	failures     int
	firstFailure string
}

// time runs the crowd's work and notes when it began and ended.
func (tally *Tally) time(work func()) {
	tally.mutex.Lock()
	tally.began = time.Now()
	tally.mutex.Unlock()
	work()
	tally.mutex.Lock()
	tally.ended = time.Now()
	tally.mutex.Unlock()
}

func (tally *Tally) succeed(latency time.Duration) {
	tally.mutex.Lock()
	defer tally.mutex.Unlock()
	tally.latencies = append(tally.latencies, latency)
}

func (tally *Tally) fail(err error) {
	tally.mutex.Lock()
	defer tally.mutex.Unlock()
	if tally.failures == 0 {
		tally.firstFailure = err.Error()
	}
	tally.failures++
}

func (tally *Tally) report() Report {
	tally.mutex.Lock()
	defer tally.mutex.Unlock()
	ended := tally.ended
	if ended.IsZero() {
		ended = time.Now() // a crowd in the background is still at it
	}
	slices.Sort(tally.latencies)
	return Report{
		Name:         tally.name,
		Seconds:      ended.Sub(tally.began).Seconds(),
		Requests:     len(tally.latencies),
		Bytes:        tally.bytes.Load(),
		Failures:     tally.failures,
		FirstFailure: tally.firstFailure,
		P50Ms:        tally.quantile(0.5),
		P99Ms:        tally.quantile(0.99),
		MaxMs:        tally.quantile(1),
	}
}

// quantile is exact, of the sorted latencies; 0 where there are none.
func (tally *Tally) quantile(share float64) float64 {
	if len(tally.latencies) == 0 {
		return 0
	}
	at := int(math.Ceil(share*float64(len(tally.latencies)))) - 1
	return float64(tally.latencies[at]) / float64(time.Millisecond)
}
