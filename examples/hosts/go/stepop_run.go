// stepop_run PLUGIN.so FLAVOR CONFIG REQUEST...: a whole host in Go, without cgo. Runs all steps at once, and prints their
// states, logs and results. All three are JSON. Exit status: 0 all succeeded, 1 one did not, 2 they could not be run.
package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
)

const abiVersion, isState, isLogReady, isForgotten, succeeded, logData, logEnd = 0<<16 | 1, 1, 2, 6, 4, 1, 3

var states = []string{"none", "accepted", "pending", "running", "succeeded", "failed", "cancelled", "lost"}

type ptr = unsafe.Pointer
type text struct { // not ended by the NUL, but by its size
	data *byte
	size uint
}
type failure struct {
	structSize, objectKind, code, reserved uint32
	message, findings                      text
}
type event struct {
	structSize, kind, state, terminal, attempt, reserved uint32
	sequence, timeUs, ticket                             uint64
	id, detail                                           text
}
type record struct {
	structSize, kind, flags, attempt, index, reserved uint32
	timeUs                                            int64
	data                                              text
}
type batch struct { // of events, or of log records
	structSize, objectKind, count, stride uint32
	items                                 ptr
}
type plugin struct {
	structSize, abiVersion uint32
	name, version          ptr
	functions              [18]uintptr
}
type problem struct{ at *failure } // as `stepop_error *error`

var ( // the functions that this host calls
	entry                       func(version uint32) *plugin
	open                        func(flavor, config string, out *ptr, err *problem) uint32
	submit                      func(op ptr, request string, ifAbsent uint32, err *problem) uint32
	nextEvents                  func(op ptr, max uint32, timeoutMs int64, out **batch, err *problem) uint32
	eventFd                     func(op ptr, out *int32, err *problem) uint32
	logsOpen                    func(op ptr, id string, options ptr, out *ptr, ticket *uint64, err *problem) uint32
	logsRead                    func(logs ptr, max uint32, out **batch, err *problem) uint32
	forget                      func(op ptr, id string, options ptr, err *problem) uint32
	destroy, logsClose, release func(object ptr)
)

func (t text) String() string           { return strings.Clone(unsafe.String(t.data, t.size)) }
func (p *problem) String() string       { return fmt.Sprint(p.at.message, " ", p.at.findings) }
func item[T any](b *batch, i uint32) *T { return (*T)(unsafe.Add(b.items, uintptr(i*b.stride))) }

type step struct {
	logs                   ptr
	state                  uint32
	logEnded, acknowledged bool
}

// need ends the program unless a call went well.
func need(well bool, why any) {
	if !well {
		fmt.Fprintln(os.Stderr, "error:", why)
		os.Exit(2)
	}
}

func (s *step) follow(op ptr, id string, e *event) {
	var err problem
	var lines *batch
	switch e.kind {
	case isState:
		s.state = e.state
		fmt.Println(id, states[e.state], e.detail)
		need(s.logs != nil || logsOpen(op, id, nil, &s.logs, nil, &err) == 0, &err)
	case isLogReady:
		for ; logsRead(s.logs, 256, &lines, nil) == 0; release(ptr(lines)) {
			for i := uint32(0); i < lines.count; i++ {
				r := item[record](lines, i)
				s.logEnded = r.kind == logEnd
				if r.kind == logData {
					fmt.Println(id, "log:", r.data)
				}
			}
		}
	case isForgotten:
		logsClose(s.logs)
	}
	if s.state >= succeeded && s.logEnded && !s.acknowledged { // all is printed: what ran it may go
		s.acknowledged = true
		need(forget(op, id, nil, &err) == 0, &err)
	}
}

func main() {
	need(len(os.Args) > 4, "usage: stepop_run PLUGIN.so FLAVOR CONFIG REQUEST...")
	library, wrong := purego.Dlopen(os.Args[1], purego.RTLD_NOW|purego.RTLD_LOCAL)
	need(wrong == nil, wrong)
	purego.RegisterLibFunc(&entry, library, "stepop_plugin_entry")
	p := entry(abiVersion)
	need(p != nil, os.Args[1]+" does not work with ABI 0.1")
	for slot, function := range map[int]any{1: &open, 3: &destroy, 5: &submit, 8: &nextEvents, 9: &eventFd,
		12: &logsOpen, 13: &logsRead, 14: &logsClose, 15: &forget, 16: &release} {
		purego.RegisterFunc(function, p.functions[slot])
	}
	var op ptr
	var err problem
	var fd int32
	need(open(os.Args[2], os.Args[3], &op, &err) == 0, &err)
	need(eventFd(op, &fd, &err) == 0, &err)
	for _, request := range os.Args[4:] {
		need(submit(op, request, 0, &err) == 0, &err)
	}
	// Go's own poller waits, without a thread: for a copy, as the descriptor itself is the plugin's.
	copied, _ := syscall.Dup(int(fd))
	queue, _ := os.NewFile(uintptr(copied), "events").SyscallConn()
	steps, status := map[string]*step{}, 0
	for running := len(os.Args) - 4; running > 0; {
		var b *batch
		queue.Read(func(uintptr) bool { return nextEvents(op, 64, 0, &b, nil) == 0 })
		for i := uint32(0); i < b.count; i++ {
			e := item[event](b, i)
			id := e.id.String()
			if steps[id] == nil {
				steps[id] = &step{}
			}
			steps[id].follow(op, id, e)
			if e.kind == isForgotten {
				running--
				if steps[id].state > succeeded {
					status = 1
				}
			}
		}
		release(ptr(b))
	}
	destroy(op)
	os.Exit(status)
}
