// Command peers reads a log as other implementations of the tile format do, and says
// what it thinks of it.
//
//	peers -key VKEY http://HOST:PORT/ORIGIN/  <proofs
//	peers -key VKEY DIRECTORY                 <proofs
//
// Tessera's client and fsck read the whole log: checkpoint, every bundle, every tile.
// golang.org/x/mod/sumdb/tlog reads it through its own tile reader. Roots and proofs of
// both, of transparency-dev/merkle, and those on standard input, which are lines of
// `setlog inclusion --json` and `setlog consistency --json`, must agree. Exit code 1 and
// a sentence if anything does not.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	key := flag.String("key", "", "the log's verifier key")
	flag.Parse()
	if err := check(*key, flag.Arg(0), os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// What the libraries ask of a log.
func open(place string) (fsck.Fetcher, error) {
	if !strings.HasPrefix(place, "http") {
		return client.FileFetcher{Root: place}, nil
	}
	root, err := url.Parse(place)
	if err != nil {
		return nil, err
	}
	return client.NewHTTPFetcher(root, nil)
}

func check(key, place string, proofs io.Reader) error {
	ctx := context.Background()
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	fetcher, err := open(place)
	if err != nil {
		return err
	}
	head, _, _, err := client.FetchCheckpoint(ctx, fetcher.ReadCheckpoint, verifier,
		verifier.Name())
	if err != nil {
		return err
	}
	whole := fsck.New(verifier.Name(), verifier, fetcher, leafHashes, fsck.Opts{N: 4})
	if err := whole.Check(ctx); err != nil {
		return fmt.Errorf("fsck: %w", err)
	}
	builder, err := client.NewProofBuilder(ctx, head.Size, fetcher.ReadTile)
	if err != nil {
		return err
	}
	log := &log{ctx: ctx, size: head.Size, root: head.Hash, fetcher: fetcher,
		builder: builder}
	copy(log.tree.Hash[:], head.Hash)
	log.tree.N = int64(head.Size)
	log.hashes = tlog.TileHashReader(log.tree, log)

	for i := uint64(0); i < 100; i++ {
		if err := log.checkEntry(i * 2654435761 % head.Size); err != nil {
			return err
		}
	}
	for _, size := range sizes(head.Size) {
		if err := log.checkGrowth(size); err != nil {
			return fmt.Errorf("from size %d: %w", size, err)
		}
	}
	count, err := log.checkProofs(proofs)
	if err != nil {
		return err
	}
	fmt.Printf("%s: size %d, root %x; %d proofs of setlog hold\n", verifier.Name(),
		head.Size, head.Hash, count)
	return nil
}

func leafHashes(bundle []byte) ([][]byte, error) {
	var entries api.EntryBundle
	if err := entries.UnmarshalText(bundle); err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(entries.Entries))
	for i, entry := range entries.Entries {
		hashes[i] = rfc6962.DefaultHasher.HashLeaf(entry)
	}
	return hashes, nil
}

// Around every power of two, where trees change their shape.
func sizes(size uint64) []uint64 {
	var all []uint64
	for power := uint64(1); power <= size; power *= 2 {
		for _, at := range []uint64{power - 1, power, power + 1} {
			if at >= 1 && at <= size {
				all = append(all, at)
			}
		}
	}
	return append(all, size)
}

type log struct {
	ctx     context.Context
	size    uint64
	root    []byte
	tree    tlog.Tree
	fetcher fsck.Fetcher
	builder *client.ProofBuilder
	hashes  tlog.HashReader
}

// A tlog.TileReader, under the paths of C2SP instead of those of the Go checksum database.
func (l *log) Height() int { return tileHeight }

func (l *log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		read, err := l.fetcher.ReadTile(l.ctx, uint64(tile.L), uint64(tile.N), uint8(tile.W))
		if err != nil {
			return nil, err
		}
		if len(read) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tile.Path(), len(read))
		}
		data[i] = read[:tile.W*tlog.HashSize]
	}
	return data, nil
}

func (l *log) SaveTiles([]tlog.Tile, [][]byte) {}

// The entry's bytes, and its inclusion by each library's own path.
func (l *log) checkEntry(index uint64) error {
	bundle, err := client.GetEntryBundle(l.ctx, l.fetcher.ReadEntryBundle, index/256, l.size)
	if err != nil {
		return err
	}
	entry := bundle.Entries[index%256]
	path, err := l.builder.InclusionProof(l.ctx, index)
	if err != nil {
		return err
	}
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, l.size,
		rfc6962.DefaultHasher.HashLeaf(entry), path, l.root); err != nil {
		return err
	}
	record, err := tlog.ProveRecord(l.tree.N, int64(index), l.hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(record, l.tree.N, l.tree.Hash, int64(index),
		tlog.RecordHash(entry))
}

func (l *log) checkGrowth(size uint64) error {
	old, err := tlog.TreeHash(int64(size), l.hashes)
	if err != nil {
		return err
	}
	growth, err := tlog.ProveTree(l.tree.N, int64(size), l.hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(growth, l.tree.N, l.tree.Hash, int64(size), old); err != nil {
		return err
	}
	path, err := l.builder.ConsistencyProof(l.ctx, size, l.size)
	if err != nil {
		return err
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, size, l.size, path, old[:], l.root)
}

// What `setlog inclusion|consistency --json` print.
type printed struct {
	LeafHash string `json:"leaf_hash"`
	Index    uint64
	Size     uint64
	Root     string
	Size1    uint64
	Size2    uint64
	Root1    string
	Root2    string
	Path     []string
}

func (l *log) checkProofs(lines io.Reader) (int, error) {
	count := 0
	scanner := bufio.NewScanner(lines)
	for scanner.Scan() {
		var shown printed
		if err := json.Unmarshal(scanner.Bytes(), &shown); err != nil {
			return count, err
		}
		if err := l.checkPrinted(shown); err != nil {
			return count, fmt.Errorf("%s: %w", scanner.Text(), err)
		}
		count++
	}
	return count, scanner.Err()
}

func (l *log) checkPrinted(shown printed) error {
	path := make([][]byte, len(shown.Path))
	theirs := make([]tlog.Hash, len(shown.Path))
	for i, text := range shown.Path {
		hash, err := hex.DecodeString(text)
		if err != nil || len(hash) != sha256.Size {
			return errors.New("a path holds what is no hash")
		}
		path[i] = hash
		copy(theirs[i][:], hash)
	}
	if shown.LeafHash == "" {
		root1, err := l.rootAt(shown.Size1, shown.Root1)
		if err != nil {
			return err
		}
		root2, err := l.rootAt(shown.Size2, shown.Root2)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(theirs, int64(shown.Size2), root2, int64(shown.Size1),
			root1); err != nil {
			return err
		}
		return proof.VerifyConsistency(rfc6962.DefaultHasher, shown.Size1, shown.Size2, path,
			root1[:], root2[:])
	}
	root, err := l.rootAt(shown.Size, shown.Root)
	if err != nil {
		return err
	}
	leaf, err := hex.DecodeString(shown.LeafHash)
	if err != nil || len(leaf) != sha256.Size {
		return errors.New("the leaf is no hash")
	}
	if err := tlog.CheckRecord(theirs, int64(shown.Size), root, int64(shown.Index),
		tlog.Hash(leaf)); err != nil {
		return err
	}
	return proof.VerifyInclusion(rfc6962.DefaultHasher, shown.Index, shown.Size, leaf, path,
		root[:])
}

// The root at a size as the tiles have it, if it is the one that was printed.
func (l *log) rootAt(size uint64, text string) (tlog.Hash, error) {
	root, err := tlog.TreeHash(int64(size), l.hashes)
	if err != nil {
		return root, err
	}
	given, err := hex.DecodeString(text)
	if err != nil || !bytes.Equal(given, root[:]) {
		return root, fmt.Errorf("the tiles lead to %x at size %d", root[:], size)
	}
	return root, nil
}
