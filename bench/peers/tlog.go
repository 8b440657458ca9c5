package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// sumdb/tlog is a library without a store. This is the least that makes a log of it: a
// file of records and a file of hashes, both synced for each group of `workers` records,
// then a signed tree head. The hashes stay in memory as well.
type tlogLog struct {
	records *os.File
	hashes  *os.File
	stored  []tlog.Hash
	leaves  []tlog.Hash
	signer  note.Signer
}

func newTlog(dir string, _ int) (Peer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	records, err := os.Create(filepath.Join(dir, "records"))
	if err != nil {
		return nil, err
	}
	hashes, err := os.Create(filepath.Join(dir, "hashes"))
	if err != nil {
		return nil, err
	}
	secret, _, err := note.GenerateKey(rand.Reader, "bench.example.org/records")
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	return &tlogLog{records: records, hashes: hashes, signer: signer}, nil
}

func (t *tlogLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(t.stored)) {
			return nil, fmt.Errorf("no hash %d", index)
		}
		found[i] = t.stored[index]
	}
	return found, nil
}

func (t *tlogLog) commit(group [][]byte) error {
	var data, added []byte
	for _, record := range group {
		leaf := tlog.RecordHash(record)
		more, err := tlog.StoredHashesForRecordHash(int64(len(t.leaves)), leaf, t)
		if err != nil {
			return err
		}
		for _, hash := range more {
			added = append(added, hash[:]...)
		}
		t.stored = append(t.stored, more...)
		t.leaves = append(t.leaves, leaf)
		data = append(data, record...)
	}
	if _, err := t.records.Write(data); err != nil {
		return err
	}
	if _, err := t.hashes.Write(added); err != nil {
		return err
	}
	if err := t.records.Sync(); err != nil {
		return err
	}
	if err := t.hashes.Sync(); err != nil {
		return err
	}
	_, err := t.head()
	return err
}

func (t *tlogLog) head() (tlog.Hash, error) {
	size := int64(len(t.leaves))
	root, err := tlog.TreeHash(size, t)
	if err != nil {
		return root, err
	}
	text := tlog.FormatTree(tlog.Tree{N: size, Hash: root})
	_, err = note.Sign(&note.Note{Text: string(text)}, t.signer)
	return root, err
}

func (t *tlogLog) Run(records [][]byte, workers int, limit time.Duration) (int, time.Duration, error) {
	start := time.Now()
	count := 0
	for count < len(records) && time.Since(start) < limit {
		end := min(count+workers, len(records))
		if err := t.commit(records[count:end]); err != nil {
			return 0, 0, err
		}
		count = end
	}
	return count, time.Since(start), nil
}

func (t *tlogLog) Proofs(records [][]byte, count int) (time.Duration, float64, error) {
	size := int64(len(records))
	paths := make([]tlog.RecordProof, count)
	var err error
	start := time.Now()
	for i := range paths {
		index := int64(place(i, uint64(size)))
		if paths[i], err = tlog.ProveRecord(size, index, t); err != nil {
			return 0, 0, err
		}
	}
	took := time.Since(start)
	root, err := t.head()
	if err != nil {
		return 0, 0, err
	}
	bytes := 0
	for i, path := range paths {
		bytes += len(path) * tlog.HashSize
		index := int64(place(i, uint64(size)))
		if err := tlog.CheckRecord(path, size, root, index, t.leaves[index]); err != nil {
			return 0, 0, err
		}
	}
	return took, float64(bytes) / float64(count), nil
}

func (t *tlogLog) Close() error {
	if err := t.records.Close(); err != nil {
		return err
	}
	return t.hashes.Close()
}
