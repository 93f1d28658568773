package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"syscall"
	"time"
)

const (
	slowReceiveBytes = 64 << 10
	slowTurn         = 200 * time.Millisecond
	retryAfter       = 10 * time.Millisecond
	longestWait      = 100 * time.Millisecond
)

// requesters are all clients of a crowd that makes requests. One thread serves them, as wrk does it.
type requesters struct {
	crowd    Crowd
	tally    *Tally
	server   netip.AddrPort
	messages [][]byte
	poll     int
	clients  []requester
}

// requester is one client: it asks, takes the answer in, asks again.
type requester struct {
	// socket is -1 where the client has no connection.
	socket int
	turn   int
	began  time.Time
	buffer [headLimitBytes]byte
	filled int
	// left is what is missing of the answer's body; -1 while its head is.
	left   int64
	isLast bool
	// wakes is when a client goes on that does nothing now; zero where it waits for the server.
	wakes time.Time
}

func newRequesters(crowd Crowd, address string, tally *Tally) (*requesters, error) {
	server, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	poll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	made := requesters{crowd: crowd, tally: tally, server: server, poll: poll}
	for _, path := range crowd.Paths {
		message := requestHead(crowd.Method, path, address, crowd.Headers, bodyLines(crowd.Body)...)
		made.messages = append(made.messages, append(message, crowd.Body...))
	}
	made.clients = make([]requester, crowd.Connections)
	for i := range made.clients {
		made.clients[i] = requester{socket: -1, turn: i, wakes: time.Unix(0, 0)}
	}
	return &made, nil
}

func bodyLines(body string) []string {
	if body == "" {
		return nil
	}
	return []string{fmt.Sprintf("Content-Length: %d", len(body))}
}

// run goes on until the deadline, which cuts the last answers off; for ever where it is zero.
func (all *requesters) run(deadline time.Time) {
	runtime.LockOSThread()
	events := make([]syscall.EpollEvent, 256)
	for {
		now := time.Now()
		if !deadline.IsZero() && !now.Before(deadline) {
			break
		}
		most := all.wake(now)
		if !deadline.IsZero() {
			most = min(most, deadline.Sub(now))
		}
		for _, event := range wait(all.poll, events, most) {
			client := &all.clients[event.Fd]
			if client.wakes.IsZero() {
				all.advance(client)
			}
		}
	}
	for i := range all.clients {
		if all.clients[i].socket >= 0 {
			syscall.Close(all.clients[i].socket)
		}
	}
}

// wake lets those go on whose time has come, and says how long the others sleep.
func (all *requesters) wake(now time.Time) time.Duration {
	most := longestWait
	for i := range all.clients {
		client := &all.clients[i]
		switch {
		case client.wakes.IsZero():
		case now.Before(client.wakes):
			most = min(most, client.wakes.Sub(now))
		default:
			client.wakes = time.Time{}
			all.goOn(client, i)
		}
	}
	return most
}

// goOn connects a client that is not, and takes the waiting bytes of one that is.
func (all *requesters) goOn(client *requester, number int) {
	if client.socket >= 0 {
		all.advance(client)
		return
	}
	receiveBytes := 0
	if all.isSlow() {
		receiveBytes = slowReceiveBytes
	}
	socket, err := dial(all.server, receiveBytes)
	if err == nil {
		// By edges: a slow client's connection stays readable, and says so once.
		event := syscall.EpollEvent{Events: syscall.EPOLLIN | edgeTriggered, Fd: int32(number)}
		err = syscall.EpollCtl(all.poll, syscall.EPOLL_CTL_ADD, socket, &event)
	}
	client.socket = socket
	if err == nil {
		err = all.ask(client)
	}
	if err != nil {
		all.giveUp(client, err)
	}
}

const edgeTriggered = 1 << 31 // syscall.EPOLLET is negative on some architectures

func (all *requesters) isSlow() bool { return all.crowd.BytesPerSecond > 0 }

func (all *requesters) ask(client *requester) error {
	message := all.messages[client.turn%len(all.messages)]
	client.turn++
	client.filled, client.left = 0, -1
	client.began = time.Now()
	return send(client.socket, message)
}

// advance takes in what has come, until the socket is empty or a slow client has had enough for now.
func (all *requesters) advance(client *requester) {
	for client.socket >= 0 && client.wakes.IsZero() {
		taken, failed := client.take(all.pieceBytes())
		switch {
		case failed == syscall.EAGAIN:
			return
		case failed != 0:
			all.giveUp(client, failed)
		case taken == 0:
			all.giveUp(client, io.ErrUnexpectedEOF)
		default:
			if err := all.digest(client, taken); err != nil {
				all.giveUp(client, err)
				return
			}
		}
		if client.left < 0 && client.filled == 0 {
			return // a new question, whose answer cannot be here yet
		}
	}
}

// take receives some of the head, or drops some of the body.
func (client *requester) take(pieceBytes int64) (int, syscall.Errno) {
	if client.left < 0 {
		return receive(client.socket, client.buffer[client.filled:])
	}
	return discard(client.socket, min(client.left, pieceBytes))
}

func (all *requesters) pieceBytes() int64 {
	if all.isSlow() {
		return max(1, int64(float64(all.crowd.BytesPerSecond)*slowTurn.Seconds()))
	}
	return drainBytes
}

// digest accounts for bytes that came, and asks again where they end an answer.
func (all *requesters) digest(client *requester, taken int) error {
	body := int64(taken)
	if client.left < 0 {
		client.filled += taken
		got, rest, isWhole, err := splitHead(client.buffer[:client.filled])
		if err != nil || !isWhole {
			return err
		}
		if err := all.begin(client, got, rest); err != nil {
			return err
		}
		body = int64(len(rest))
	}
	client.left -= body
	all.tally.bytes.Add(body)
	if client.left == 0 {
		return all.end(client)
	}
	if all.isSlow() {
		pause := float64(body) / float64(all.crowd.BytesPerSecond) * float64(time.Second)
		client.wakes = time.Now().Add(time.Duration(pause))
	}
	return nil
}

func (all *requesters) begin(client *requester, got answer, rest []byte) error {
	client.isLast = got.isLast
	switch {
	case got.status != 200 && got.status != 307: // where a redirect leads is the storage's to be measured
		return refusal(all.crowd.Method, got, rest)
	case all.crowd.Method == "HEAD":
		client.left = 0
	case got.bodyBytes < 0:
		return errors.New("the answer has no Content-Length")
	default:
		client.left = got.bodyBytes
	}
	if client.left < int64(len(rest)) {
		return errors.New("more came than the answer's length")
	}
	return nil
}

func (all *requesters) end(client *requester) error {
	all.tally.succeed(time.Since(client.began))
	if client.isLast {
		all.close(client)
		client.wakes = time.Unix(0, 0)
		return nil
	}
	return all.ask(client)
}

// giveUp counts a failure; the client tries again on another connection, but not at once.
func (all *requesters) giveUp(client *requester, err error) {
	all.tally.fail(err)
	all.close(client)
	client.wakes = time.Now().Add(retryAfter)
}

func (all *requesters) close(client *requester) {
	if client.socket >= 0 {
		syscall.Close(client.socket) // which takes it out of the poll too
	}
	client.socket = -1
}
