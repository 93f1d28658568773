package main

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

const headLimitBytes = 16 << 10

// answer is the head of a response.
type answer struct {
	status   int
	location string
	// bodyBytes is -1 where the server says no length.
	bodyBytes int64
	// isLast says that the server closes the connection after it.
	isLast bool
}

// splitHead finds the head in what was received so far; false while it is not all there.
func splitHead(received []byte) (answer, []byte, bool, error) {
	end := bytes.Index(received, []byte("\r\n\r\n"))
	if end < 0 {
		if len(received) >= headLimitBytes {
			return answer{}, nil, false, errors.New("the head of the answer is too long")
		}
		return answer{}, nil, false, nil
	}
	got, err := parseHead(received[:end])
	return got, received[end+4:], err == nil, err
}

func parseHead(head []byte) (answer, error) {
	first, rest, _ := bytes.Cut(head, []byte("\r\n"))
	words := bytes.SplitN(first, []byte(" "), 3)
	if len(words) < 2 {
		return answer{}, fmt.Errorf("not an answer: %.60q", first)
	}
	status, err := strconv.Atoi(string(words[1]))
	if err != nil {
		return answer{}, fmt.Errorf("not an answer: %.60q", first)
	}
	got := answer{status: status, bodyBytes: -1}
	for len(rest) > 0 {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		if err := got.take(line); err != nil {
			return answer{}, err
		}
	}
	return got, nil
}

func (got *answer) take(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		length, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		got.bodyBytes = length
		return err
	case bytes.EqualFold(name, []byte("Location")):
		got.location = string(bytes.TrimSpace(value))
	case bytes.EqualFold(name, []byte("Connection")):
		got.isLast = bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
	}
	return nil
}

// refusal is the error that an unexpected answer stands for, with the beginning of what the server said.
func refusal(method string, got answer, body []byte) error {
	return fmt.Errorf("%s: %d %.300s", method, got.status, body)
}

// requestHead is a whole request but for its body.
func requestHead(method, path, address string, headers map[string]string, own ...string) []byte {
	var head bytes.Buffer
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, address)
	for name, value := range headers {
		fmt.Fprintf(&head, "%s: %s\r\n", name, value)
	}
	for _, line := range own {
		head.WriteString(line + "\r\n")
	}
	head.WriteString("\r\n")
	return head.Bytes()
}
