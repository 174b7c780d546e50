// Reads HTTP/1.1 bytes as Go's net/http does: one job of JSON per line in, one reading of JSON per line out.
// Requests go through a real http.Server on a connection in memory, responses through http.ReadResponse.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"regexp"
	"sort"
	"strings"
	"sync"
	"time"
)

type job struct {
	ID     int    `json:"id"`
	Kind   string `json:"kind"`
	Method string `json:"method"`
	Bytes  string `json:"bytes"`
}

type message struct {
	Method   string      `json:"method"`
	Target   string      `json:"target"`
	Status   int         `json:"status"`
	Fields   [][2]string `json:"fields"`
	Body     string      `json:"body"`
	Trailers [][2]string `json:"trailers"`
	Complete bool        `json:"complete"`
}

type reading struct {
	ID       int       `json:"id"`
	Messages []message `json:"messages"`
	Tail     string    `json:"tail"`
	Error    string    `json:"error"`
}

// latin1 makes each byte the character of its number, so that JSON carries any bytes.
func latin1(text string) string {
	runes := make([]rune, len(text))
	for i := 0; i < len(text); i++ {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

func pairs(header http.Header) [][2]string {
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	sort.Strings(names)
	list := [][2]string{}
	for _, name := range names {
		for _, value := range header[name] {
			list = append(list, [2]string{strings.ToLower(name), latin1(value)})
		}
	}
	return list
}

// memory is a connection whose peer sent all its bytes at once and then ended its side.
type memory struct {
	in     *bytes.Reader
	out    bytes.Buffer
	lock   sync.Mutex
	closed chan struct{}
	once   sync.Once
}

func (m *memory) Read(to []byte) (int, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.in.Read(to)
}

func (m *memory) Write(from []byte) (int, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	return m.out.Write(from)
}

func (m *memory) Close() error                     { m.once.Do(func() { close(m.closed) }); return nil }
func (m *memory) LocalAddr() net.Addr              { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (m *memory) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }
func (m *memory) SetDeadline(time.Time) error      { return nil }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }

// single is a listener that accepts one connection.
type single struct {
	conn net.Conn
	once sync.Once
	done chan struct{}
}

func (s *single) Accept() (net.Conn, error) {
	var conn net.Conn
	s.once.Do(func() { conn = s.conn })
	if conn != nil {
		return conn, nil
	}
	<-s.done
	return nil, net.ErrClosed
}
func (s *single) Close() error   { return nil }
func (s *single) Addr() net.Addr { return s.conn.LocalAddr() }

func readRequests(bytesIn []byte) reading {
	conn := &memory{in: bytes.NewReader(bytesIn), closed: make(chan struct{})}
	result := reading{Messages: []message{}, Tail: "none"}
	server := &http.Server{
		MaxHeaderBytes:               1 << 20,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fields := pairs(r.Header)
			if r.Host != "" {
				fields = append(fields, [2]string{"host", latin1(r.Host)})
			}
			read := message{Method: r.Method, Target: latin1(r.RequestURI), Fields: fields, Trailers: [][2]string{}}
			body, err := io.ReadAll(r.Body)
			read.Body = latin1(string(body))
			read.Complete = err == nil
			if err == nil {
				read.Trailers = pairs(r.Trailer)
			} else {
				settle(&result, err)
			}
			result.Messages = append(result.Messages, read)
			if r.Method == "CONNECT" && err == nil {
				result.Tail = "tunnel"
				w.Header().Set("Connection", "close")
			}
		}),
	}
	listener := &single{conn: conn, done: make(chan struct{})}
	go server.Serve(listener)
	<-conn.closed
	close(listener.done)
	if result.Tail == "none" {
		settleAnswer(&result, conn, len(bytesIn))
	}
	return result
}

// settle tells a message that ended too early from one that is wrong.
func settle(result *reading, err error) {
	result.Error = err.Error()
	result.Tail = "error"
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		result.Tail = "incomplete"
	}
}

// statusLine finds the server's final answers; its handler writes no content that looks like one.
var statusLine = regexp.MustCompile(`HTTP/1\.[01] ([2-5][0-9][0-9])[^\r]*`)

// settleAnswer reads from the server's own answers whether it refused something behind the last message.
func settleAnswer(result *reading, conn *memory, total int) {
	starts := statusLine.FindAllStringSubmatch(conn.out.String(), -1)
	if len(starts) > 0 && starts[len(starts)-1][1] != "200" {
		result.Tail = "error"
		result.Error = starts[len(starts)-1][0]
		return
	}
	if len(result.Messages) == 0 && total > 0 {
		result.Tail = "incomplete"
	}
}

func readResponse(method string, bytesIn []byte) reading {
	result := reading{Messages: []message{}, Tail: "none"}
	reader := bufio.NewReader(bytes.NewReader(bytesIn))
	for {
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			settle(&result, err)
			return result
		}
		read := message{Status: response.StatusCode, Fields: pairs(response.Header), Trailers: [][2]string{}}
		interim := response.StatusCode < 200 && response.StatusCode != 101
		if response.StatusCode == 101 {
			read.Complete = true
			result.Tail = "tunnel"
			result.Messages = append(result.Messages, read)
			return result
		}
		body, err := io.ReadAll(response.Body)
		read.Body = latin1(string(body))
		read.Complete = err == nil
		if err == nil {
			read.Trailers = pairs(response.Trailer)
		} else {
			settle(&result, err)
		}
		result.Messages = append(result.Messages, read)
		if !interim {
			if err == nil && reader.Buffered() > 0 {
				result.Tail = "rest"
			}
			return result
		}
	}
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriter(os.Stdout)
	encode := json.NewEncoder(out)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var next job
			if err := json.Unmarshal(line, &next); err != nil {
				fmt.Fprintln(os.Stderr, "a job is not JSON:", err)
				os.Exit(1)
			}
			data, _ := base64.StdEncoding.DecodeString(next.Bytes)
			var result reading
			if next.Kind == "request" {
				result = readRequests(data)
			} else {
				result = readResponse(next.Method, data)
			}
			result.ID = next.ID
			encode.Encode(result)
			if in.Buffered() == 0 {
				out.Flush()
			}
		}
		if err != nil {
			out.Flush()
			return
		}
	}
}
