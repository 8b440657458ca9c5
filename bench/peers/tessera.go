package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// Groups as large as the callers can make them; a lone caller does not wait long for
// others.
const tesseraBatchAge = 5 * time.Millisecond

type tesseraLog struct {
	appender *tessera.Appender
	shutdown func(context.Context) error
	reader   tessera.LogReader
	cancel   context.CancelFunc
	leaves   [][]byte // by position, of what was added
}

func newTessera(dir string, workers int) (Peer, error) {
	secret, _, err := note.GenerateKey(rand.Reader, "bench.example.org/records")
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		cancel()
		return nil, err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(100*time.Millisecond).
		WithBatching(uint(workers), tesseraBatchAge).
		WithPushback(uint(4*workers + 4096))
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		cancel()
		return nil, err
	}
	return &tesseraLog{appender: appender, shutdown: shutdown, reader: reader,
		cancel: cancel}, nil
}

func (t *tesseraLog) Run(records [][]byte, workers int, limit time.Duration) (int, time.Duration, error) {
	t.leaves = make([][]byte, len(records))
	ctx := context.Background()
	var next, done atomic.Int64
	var failure atomic.Pointer[error]
	var all sync.WaitGroup
	start := time.Now()
	for range workers {
		all.Add(1)
		go func() {
			defer all.Done()
			for failure.Load() == nil && time.Since(start) < limit {
				i := next.Add(1) - 1
				if i >= int64(len(records)) {
					return
				}
				index, err := t.appender.Add(ctx, tessera.NewEntry(records[i]))()
				if err != nil {
					failure.Store(&err)
					return
				}
				t.leaves[index.Index] = rfc6962.DefaultHasher.HashLeaf(records[i])
				done.Add(1)
			}
		}()
	}
	all.Wait()
	took := time.Since(start)
	if err := failure.Load(); err != nil {
		return 0, 0, *err
	}
	return int(done.Load()), took, nil
}

func (t *tesseraLog) Proofs(records [][]byte, count int) (time.Duration, float64, error) {
	ctx := context.Background()
	size := uint64(len(records))
	// The library's own cache of tiles, kept over all proofs.
	builder, err := client.NewProofBuilder(ctx, size, t.reader.ReadTile)
	if err != nil {
		return 0, 0, err
	}
	paths := make([][][]byte, count)
	start := time.Now()
	for i := range paths {
		if paths[i], err = builder.InclusionProof(ctx, place(i, size)); err != nil {
			return 0, 0, err
		}
	}
	took := time.Since(start)
	bytes := 0
	var root []byte
	for i, path := range paths {
		for _, hash := range path {
			bytes += len(hash)
		}
		index := place(i, size)
		leads, err := proof.RootFromInclusionProof(rfc6962.DefaultHasher, index, size,
			t.leaves[index], path)
		if err != nil {
			return 0, 0, err
		}
		if root == nil {
			root = leads
		}
		if string(root) != string(leads) {
			return 0, 0, fmt.Errorf("the proof for %d leads to another root", index)
		}
	}
	return took, float64(bytes) / float64(count), nil
}

func (t *tesseraLog) Close() error {
	defer t.cancel()
	return t.shutdown(context.Background())
}

// The i-th position that is asked for: all over the log, in no order.
func place(i int, size uint64) uint64 { return uint64(i) * 2654435761 % size }
