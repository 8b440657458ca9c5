// What others would pick instead of setlog, measured on the same records: Tessera's
// POSIX log and the library under Go's checksum database. run.sh runs it.
//
//	peers -records records.packed -dir DIR -workers 1,64,1024,8192 -seconds 5
//
// prints one JSON object a line: what was measured, and how fast.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

const recordBytes = 32

// Result is one measured figure.
type Result struct {
	System    string  `json:"system"`
	Version   string  `json:"version"`
	What      string  `json:"what"`              // adds or inclusion
	Workers   int     `json:"workers,omitempty"` // records under way at a time
	Count     int     `json:"count"`             // of adds, or of proofs
	Seconds   float64 `json:"seconds"`
	PerSecond float64 `json:"per_second"`
	Bytes     float64 `json:"bytes,omitempty"`    // of a proof, on average
	Verified  int     `json:"verified,omitempty"` // proofs, after the measurement
}

// Peer is a log that is measured. A new one is empty.
type Peer interface {
	// Run appends with so many records under way until the time is over or there are no
	// more, each durable and under a signed head before it counts.
	Run(records [][]byte, workers int, limit time.Duration) (int, time.Duration, error)
	// Proofs makes count inclusion proofs for random entries of what Run appended, and
	// then verifies them.
	Proofs(records [][]byte, count int) (time.Duration, float64, error)
	Close() error
}

var peers = []struct {
	name   string
	module string
	open   func(dir string, workers int) (Peer, error)
}{
	{"tessera-posix", "github.com/transparency-dev/tessera", newTessera},
	{"sumdb-tlog", "golang.org/x/mod", newTlog},
}

func versionOf(module string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return dependency.Version
		}
	}
	return "unknown"
}

func readRecords(path string) ([][]byte, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(bytes) == 0 || len(bytes)%recordBytes != 0 {
		return nil, fmt.Errorf("%s is not made of records of %d bytes", path, recordBytes)
	}
	var records [][]byte
	for ; len(bytes) > 0; bytes = bytes[recordBytes:] {
		records = append(records, bytes[:recordBytes:recordBytes])
	}
	return records, nil
}

func main() {
	recordsFile := flag.String("records", "", "the records, 32 bytes each")
	dir := flag.String("dir", "", "where the logs go: an empty directory")
	workers := flag.String("workers", "1,64,1024,8192", "records under way, for each run")
	seconds := flag.Float64("seconds", 5, "the most that a run takes")
	proofs := flag.Int("proofs", 20000, "inclusion proofs to make, of the last run's log")
	flag.Parse()
	records, err := readRecords(*recordsFile)
	if err != nil {
		log.Fatal(err)
	}
	out := json.NewEncoder(os.Stdout)
	limit := time.Duration(*seconds * float64(time.Second))
	numbers := strings.Split(*workers, ",")
	for _, peer := range peers {
		version := versionOf(peer.module)
		for i, text := range numbers {
			n, err := strconv.Atoi(text)
			if err != nil {
				log.Fatal(err)
			}
			subject, err := peer.open(filepath.Join(*dir, peer.name+"-"+text), n)
			if err != nil {
				log.Fatalf("%s: %v", peer.name, err)
			}
			count, took, err := subject.Run(records, n, limit)
			if err != nil {
				log.Fatalf("%s: %v", peer.name, err)
			}
			result := Result{System: peer.name, Version: version, What: "adds",
				Workers: n, Count: count, Seconds: took.Seconds(),
				PerSecond: float64(count) / took.Seconds()}
			if err := out.Encode(result); err != nil {
				log.Fatal(err)
			}
			if i == len(numbers)-1 {
				took, bytes, err := subject.Proofs(records[:count], *proofs)
				if err != nil {
					log.Fatalf("%s: %v", peer.name, err)
				}
				result := Result{System: peer.name, Version: version, What: "inclusion",
					Count: *proofs, Seconds: took.Seconds(), Bytes: bytes,
					PerSecond: float64(*proofs) / took.Seconds(), Verified: *proofs}
				if err := out.Encode(result); err != nil {
					log.Fatal(err)
				}
			}
			if err := subject.Close(); err != nil {
				log.Fatalf("%s: %v", peer.name, err)
			}
		}
	}
}
