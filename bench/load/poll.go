package main

import (
	"net/netip"
	"syscall"
	"time"
	"unsafe"
)

// The system calls of the request loop, made raw: Go's scheduler would otherwise take part in each of them, which
// costs as much as the call. A signal interrupts any of them (EINTR), the scheduler's own first of all.

const drainBytes = 4 << 20

// trash is where the kernel may think that bytes go; with MSG_TRUNC none arrive.
var trash [drainBytes]byte

// dial opens a connection; receiveBytes, where it is not 0, is all that the kernel takes in ahead of the reader.
func dial(server netip.AddrPort, receiveBytes int) (int, error) {
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if receiveBytes > 0 {
		err = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_RCVBUF, receiveBytes)
	}
	if err == nil {
		address := syscall.SockaddrInet4{Port: int(server.Port()), Addr: server.Addr().As4()}
		err = syscall.Connect(socket, &address)
	}
	if err == nil {
		err = syscall.SetsockoptInt(socket, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	}
	if err == nil {
		err = syscall.SetNonblock(socket, true)
	}
	if err != nil {
		syscall.Close(socket)
		return -1, err
	}
	return socket, nil
}

// receive fills the buffer; 0 bytes is the end of the connection.
func receive(socket int, buffer []byte) (int, syscall.Errno) {
	return receiveWith(socket, unsafe.Pointer(&buffer[0]), len(buffer), syscall.MSG_DONTWAIT)
}

// discard drops up to `most` bytes inside the socket.
func discard(socket int, most int64) (int, syscall.Errno) {
	most = min(most, drainBytes)
	return receiveWith(socket, unsafe.Pointer(&trash[0]), int(most), syscall.MSG_DONTWAIT|syscall.MSG_TRUNC)
}

func receiveWith(socket int, buffer unsafe.Pointer, length, flags int) (int, syscall.Errno) {
	for {
		taken, _, failed := syscall.RawSyscall6(
			syscall.SYS_RECVFROM, uintptr(socket), uintptr(buffer), uintptr(length), uintptr(flags), 0, 0,
		)
		if failed != syscall.EINTR {
			return int(taken), failed
		}
	}
}

// send puts a message into the socket; what the socket does not take at once is an error.
func send(socket int, message []byte) error {
	for {
		taken, _, failed := syscall.RawSyscall6(
			syscall.SYS_SENDTO, uintptr(socket), uintptr(unsafe.Pointer(&message[0])), uintptr(len(message)),
			syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0,
		)
		switch {
		case failed == syscall.EINTR:
		case failed != 0:
			return failed
		case int(taken) < len(message):
			return syscall.EMSGSIZE
		default:
			return nil
		}
	}
}

// wait fills events with those that came within the time; none where it is over or a signal came.
func wait(poll int, events []syscall.EpollEvent, most time.Duration) []syscall.EpollEvent {
	count, _, failed := syscall.RawSyscall6(
		syscall.SYS_EPOLL_PWAIT, uintptr(poll), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)),
		uintptr(max(0, most.Milliseconds()+1)), 0, 0,
	)
	if failed != 0 {
		return nil
	}
	return events[:count]
}
