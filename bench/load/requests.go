package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// request asks for the paths in turn on one connection, until the deadline cuts the last answer off.
func request(crowd Crowd, address string, tally *Tally, deadline time.Time) {
	messages := make([][]byte, len(crowd.Paths))
	for i, path := range crowd.Paths {
		messages[i] = requestHead(crowd.Method, path, address, crowd.Headers, bodyLines(crowd.Body)...)
		messages[i] = append(messages[i], crowd.Body...)
	}
	reader := newReader(crowd, tally)
	var open *connection
	for turn := 0; deadline.IsZero() || time.Now().Before(deadline); turn++ {
		if open == nil {
			var err error
			if open, err = connect(address, crowd.BytesPerSecond > 0); err != nil {
				tally.fail(err)
				continue
			}
			_ = open.tcp.SetDeadline(deadline)
		}
		began := time.Now()
		isKept, err := reader.exchange(open, messages[turn%len(messages)])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
		case err != nil:
			tally.fail(err)
		default:
			tally.succeed(time.Since(began))
		}
		if err != nil || !isKept {
			open.tcp.Close()
			open = nil
		}
	}
	if open != nil {
		open.tcp.Close()
	}
}

func bodyLines(body string) []string {
	if body == "" {
		return nil
	}
	return []string{fmt.Sprintf("Content-Length: %d", len(body))}
}

// reader takes answers in, at its crowd's pace.
type reader struct {
	isHead     bool
	pieceBytes int64
	pace       func(bytes int64)
}

func newReader(crowd Crowd, tally *Tally) reader {
	made := reader{isHead: crowd.Method == "HEAD", pieceBytes: drainBytes}
	made.pace = func(bytes int64) { tally.bytes.Add(bytes) }
	if crowd.BytesPerSecond > 0 {
		rate := float64(crowd.BytesPerSecond)
		made.pieceBytes = max(1, int64(rate*slowTurn.Seconds()))
		made.pace = func(bytes int64) {
			tally.bytes.Add(bytes)
			time.Sleep(time.Duration(float64(bytes) / rate * float64(time.Second)))
		}
	}
	return made
}

// exchange sends one request and takes its answer in; false where the server closes after it.
func (r reader) exchange(open *connection, message []byte) (bool, error) {
	if _, err := open.tcp.Write(message); err != nil {
		return false, err
	}
	got, err := open.receive()
	if err != nil {
		return false, err
	}
	if got.status != 200 {
		return false, open.refusal("request", got)
	}
	if r.isHead {
		return !got.isLastHere, nil
	}
	if got.bodyBytes < 0 {
		return false, errors.New("the answer has no Content-Length")
	}
	return !got.isLastHere, open.discard(got.bodyBytes, r.pace, r.pieceBytes)
}
