package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A child that ends is started again after so long: a node's parts may come up in any order.
const restartAfter = 500 * time.Millisecond

// child is one long-running program of the node, as the plan names it.
type child struct {
	Name      string   `json:"name"`
	Arguments []string `json:"arguments"`
}

type bind struct {
	Source string `json:"source"`
	Target string `json:"target"`
}

// plan is carried out in the order of its fields.
type plan struct {
	Logs     string            `json:"logs"`
	Tmpfs    []string          `json:"tmpfs"`
	Files    map[string]string `json:"files"`
	Binds    []bind            `json:"binds"`
	Children []child           `json:"children"`
}

// runSupervise is the node's first process in namespaces of its own: it mounts what hides the machine, starts the parts,
// starts again what ends and reaps what is orphaned. When it is ended, the kernel ends all the others.
func runSupervise(arguments []string) error {
	if len(arguments) != 1 {
		return fmt.Errorf("supervise: one argument, the file of the plan")
	}
	bytes, err := os.ReadFile(arguments[0])
	if err != nil {
		return err
	}
	var wanted plan
	if err := json.Unmarshal(bytes, &wanted); err != nil {
		return fmt.Errorf("%s: %w", arguments[0], err)
	}
	if err := prepare(wanted); err != nil {
		return err
	}
	nursery := newNursery(wanted)
	go nursery.reap()
	for _, one := range wanted.Children {
		go nursery.keep(one)
	}
	waitForEnd()
	return nil
}

func prepare(wanted plan) error {
	// The kubelet hands volumes on to containers, which needs a root that is shared within these namespaces.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""); err != nil {
		return fmt.Errorf("sharing /: %w", err)
	}
	for _, target := range wanted.Tmpfs {
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", target, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("tmpfs on %s: %w", target, err)
		}
	}
	for path, content := range wanted.Files {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	for _, one := range wanted.Binds {
		if err := syscall.Mount(one.Source, one.Target, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("%s on %s: %w", one.Source, one.Target, err)
		}
	}
	return nil
}

// nursery knows which process ids are children's, since the first process is also told of every orphan's end.
type nursery struct {
	plan    plan
	lock    sync.Mutex
	waiting map[int]chan struct{}
}

func newNursery(wanted plan) *nursery {
	return &nursery{plan: wanted, waiting: map[int]chan struct{}{}}
}

func (n *nursery) keep(one child) {
	for {
		ended, err := n.start(one)
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", one.Name, err)
		} else {
			<-ended
		}
		fmt.Fprintf(os.Stderr, "%s ended, and is started again\n", one.Name)
		time.Sleep(restartAfter)
	}
}

func (n *nursery) start(one child) (chan struct{}, error) {
	log, err := os.OpenFile(filepath.Join(n.plan.Logs, one.Name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(one.Arguments[0], one.Arguments[1:]...)
	command.Stdout, command.Stderr = log, log
	n.lock.Lock()
	defer n.lock.Unlock()
	if err := command.Start(); err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	n.waiting[command.Process.Pid] = ended
	return ended, nil
}

func (n *nursery) reap() {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		if err == syscall.ECHILD {
			time.Sleep(restartAfter)
			continue
		}
		if err != nil {
			continue
		}
		n.lock.Lock()
		if ended, known := n.waiting[pid]; known {
			delete(n.waiting, pid)
			close(ended)
		}
		n.lock.Unlock()
	}
}

func waitForEnd() {
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT)
	<-ends
}
