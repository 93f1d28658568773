package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

const (
	headLimitBytes   = 16 << 10
	drainBytes       = 4 << 20
	slowBufferBytes  = 64 << 10
	slowTurn         = 200 * time.Millisecond
	failureTextBytes = 300
)

// trash is where the kernel may think that bytes go; with MSG_TRUNC none arrive.
var trash [drainBytes]byte

// answer is the head of a response.
type answer struct {
	status   int
	location string
	// bodyBytes is -1 where the server says no length.
	bodyBytes  int64
	isLastHere bool
}

// connection speaks HTTP/1.1 to one server, one request at a time.
type connection struct {
	tcp    *net.TCPConn
	raw    syscall.RawConn
	buffer []byte
	// held are the bytes read after the last head, still in the buffer.
	held []byte
}

// connect opens a connection; a slow reader's takes in little beyond what it reads.
func connect(address string, isSlow bool) (*connection, error) {
	dialer := net.Dialer{Timeout: 30 * time.Second}
	if isSlow {
		dialer.Control = func(_, _ string, raw syscall.RawConn) error {
			var set error
			err := raw.Control(func(fd uintptr) {
				set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, slowBufferBytes)
			})
			return errors.Join(err, set)
		}
	}
	opened, err := dialer.DialContext(context.Background(), "tcp", address)
	if err != nil {
		return nil, err
	}
	tcp := opened.(*net.TCPConn)
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &connection{tcp: tcp, raw: raw, buffer: make([]byte, headLimitBytes)}, nil
}

// receive reads the head of the next answer and keeps what came after it.
func (c *connection) receive() (answer, error) {
	filled := 0
	for {
		read, err := c.tcp.Read(c.buffer[filled:])
		if err != nil {
			return answer{}, err
		}
		filled += read
		if end := bytes.Index(c.buffer[:filled], []byte("\r\n\r\n")); end >= 0 {
			c.held = c.buffer[end+4 : filled]
			return parseHead(c.buffer[:end])
		}
		if filled == len(c.buffer) {
			return answer{}, errors.New("the head of the answer is too long")
		}
	}
}

// discard throws the body away, each piece as it comes; pace is called with its size and may wait.
func (c *connection) discard(bodyBytes int64, pace func(bytes int64), pieceBytes int64) error {
	left := bodyBytes - int64(len(c.held))
	pace(int64(len(c.held)))
	c.held = nil
	for left > 0 {
		taken, err := c.truncate(min(left, pieceBytes))
		if err != nil {
			return err
		}
		left -= taken
		pace(taken)
	}
	return nil
}

// truncate drops up to `most` bytes inside the socket.
func (c *connection) truncate(most int64) (int64, error) {
	var taken uintptr
	var failed syscall.Errno
	err := c.raw.Read(func(fd uintptr) bool {
		for {
			taken, _, failed = syscall.Syscall6(
				syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&trash[0])), uintptr(most),
				syscall.MSG_TRUNC|syscall.MSG_DONTWAIT, 0, 0,
			)
			if failed != syscall.EINTR {
				return failed != syscall.EAGAIN
			}
		}
	})
	switch {
	case err != nil:
		return 0, err
	case failed != 0:
		return 0, failed
	case taken == 0:
		return 0, io.ErrUnexpectedEOF
	}
	return int64(taken), nil
}

// refusal is the error that an unexpected answer stands for, with the beginning of what the server said.
func (c *connection) refusal(what string, got answer) error {
	said := make([]byte, failureTextBytes)
	filled := copy(said, c.held)
	if filled == 0 && got.bodyBytes != 0 {
		_ = c.tcp.SetReadDeadline(time.Now().Add(time.Second))
		filled, _ = c.tcp.Read(said)
	}
	return fmt.Errorf("%s: %d %s", what, got.status, said[:filled])
}

func parseHead(head []byte) (answer, error) {
	first, rest, _ := bytes.Cut(head, []byte("\r\n"))
	words := bytes.Fields(first)
	if len(words) < 2 {
		return answer{}, fmt.Errorf("not an answer: %.60q", first)
	}
	status, err := strconv.Atoi(string(words[1]))
	if err != nil {
		return answer{}, fmt.Errorf("not an answer: %.60q", first)
	}
	parsed := answer{status: status, bodyBytes: -1}
	for line := range bytes.SplitSeq(rest, []byte("\r\n")) {
		if err := parsed.take(line); err != nil {
			return answer{}, err
		}
	}
	return parsed, nil
}

func (a *answer) take(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	switch {
	case bytes.EqualFold(name, []byte("Content-Length")):
		length, err := strconv.ParseInt(string(value), 10, 64)
		a.bodyBytes = length
		return err
	case bytes.EqualFold(name, []byte("Location")):
		a.location = string(value)
	case bytes.EqualFold(name, []byte("Connection")):
		a.isLastHere = bytes.EqualFold(value, []byte("close"))
	}
	return nil
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
