package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

const (
	blockBytes = 16 << 20
	tailBytes  = 64
	// chunkBytes is what docker, skopeo and every other client of Go's net/http sends in one chunk.
	chunkBytes = 32 << 10
)

// content is what blobs of one size are made of: a random block, repeated, and a tail that no other blob has.
// The block is hashed once and lies in a file, so that a push costs the client almost nothing.
type content struct {
	blocks    int64
	isChunked bool
	// path is of a file that holds one block as it goes over the wire.
	path string
	// hashed is the state of SHA-256 after all blocks.
	hashed []byte
}

func newContent(sizeBytes int64, isChunked bool) (content, error) {
	if sizeBytes < blockBytes || sizeBytes%blockBytes != 0 {
		return content{}, fmt.Errorf("a push has a multiple of %d bytes", blockBytes)
	}
	block := make([]byte, blockBytes)
	_, _ = rand.Read(block)
	made := content{blocks: sizeBytes / blockBytes, isChunked: isChunked}
	state := sha256.New()
	for range made.blocks {
		state.Write(block)
	}
	var err error
	if made.hashed, err = state.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
		return content{}, err
	}
	if isChunked {
		block = inChunks(block)
	}
	made.path, err = keep(block)
	return made, err
}

func inChunks(block []byte) []byte {
	var coded bytes.Buffer
	for start := 0; start < len(block); start += chunkBytes {
		fmt.Fprintf(&coded, "%x\r\n%s\r\n", chunkBytes, block[start:start+chunkBytes])
	}
	return coded.Bytes()
}

// keep writes a file in TMPDIR, which whoever sets it removes.
func keep(block []byte) (string, error) {
	file, err := os.CreateTemp("", "block-")
	if err != nil {
		return "", err
	}
	_, err = file.Write(block)
	return file.Name(), errors.Join(err, file.Close())
}

func (made content) sizeBytes() int64 { return made.blocks*blockBytes + tailBytes }

// tail is an ending of its own, and the digest of the blob that has it.
func (made content) tail() (string, string, error) {
	state := sha256.New()
	if err := state.(encoding.BinaryUnmarshaler).UnmarshalBinary(made.hashed); err != nil {
		return "", "", err
	}
	seed := make([]byte, tailBytes/2)
	_, _ = rand.Read(seed)
	tail := hex.EncodeToString(seed)
	return tail, digest(state, tail), nil
}

func digest(state hash.Hash, tail string) string {
	state.Write([]byte(tail))
	return "sha256:" + hex.EncodeToString(state.Sum(nil))
}

// send puts the body into the connection.
func (made content) send(open io.ReaderFrom, tail string) error {
	file, err := os.Open(made.path)
	if err != nil {
		return err
	}
	defer file.Close()
	for range made.blocks {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := open.ReadFrom(file); err != nil {
			return err
		}
	}
	if made.isChunked {
		tail = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", tailBytes, tail)
	}
	_, err = open.ReadFrom(strings.NewReader(tail))
	return err
}

// push begins no new blob after the deadline and ends the one that is under way.
func push(crowd Crowd, address string, made content, tally *Tally, deadline time.Time) {
	for turn := 0; isDue(crowd, turn, deadline); turn++ {
		began := time.Now()
		if err := pushOne(crowd, address, made); err != nil {
			tally.fail(err)
			time.Sleep(retryAfter) // lest a server that refuses everything be asked a million times
			continue
		}
		tally.succeed(time.Since(began))
		tally.bytes.Add(made.sizeBytes())
	}
}

func isDue(crowd Crowd, turn int, deadline time.Time) bool {
	if crowd.Repeat > 0 {
		return turn < crowd.Repeat
	}
	return turn == 0 || deadline.IsZero() || time.Now().Before(deadline)
}

func pushOne(crowd Crowd, address string, made content) error {
	tail, digest, err := made.tail()
	if err != nil {
		return err
	}
	ask := func(method, path string, status int, body func(io.ReaderFrom) error, own ...string) (string, error) {
		return askOnce(address, requestHead(method, path, address, crowd.Headers, own...), method, status, body)
	}
	place, err := ask("POST", crowd.PushPath, 202, nil, "Content-Length: 0")
	if err != nil {
		return err
	}
	framing := fmt.Sprintf("Content-Length: %d", made.sizeBytes())
	if made.isChunked {
		framing = "Transfer-Encoding: chunked"
	}
	send := func(open io.ReaderFrom) error { return made.send(open, tail) }
	place, err = ask("PATCH", place, 202, send, framing, "Content-Type: application/octet-stream")
	if err != nil {
		return err
	}
	joint := "?"
	if strings.Contains(place, "?") {
		joint = "&"
	}
	_, err = ask("PUT", place+joint+"digest="+url.QueryEscape(digest), 201, nil, "Content-Length: 0")
	return err
}

// askOnce makes one request on a connection of its own and returns the path that the answer points to.
func askOnce(
	address string, head []byte, method string, status int, body func(io.ReaderFrom) error,
) (string, error) {
	open, err := net.DialTimeout("tcp", address, 30*time.Second)
	if err != nil {
		return "", err
	}
	defer open.Close()
	if _, err := open.Write(head); err != nil {
		return "", err
	}
	var unsent error
	if body != nil {
		unsent = body(open.(*net.TCPConn)) // an early refusal interrupts it, and is the better error
	}
	got, rest, err := readHead(open)
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", method, errors.Join(unsent, err))
	case got.status != status:
		return "", refusal(method, got, rest)
	}
	place, err := url.Parse(got.location)
	if err != nil {
		return "", err
	}
	return place.RequestURI(), nil
}

// readHead also returns what came of the body together with the head.
func readHead(open net.Conn) (answer, []byte, error) {
	buffer := make([]byte, headLimitBytes)
	filled := 0
	for {
		read, err := open.Read(buffer[filled:])
		if err != nil {
			return answer{}, nil, err
		}
		filled += read
		if got, rest, isWhole, err := splitHead(buffer[:filled]); isWhole || err != nil {
			return got, rest, err
		}
	}
}
