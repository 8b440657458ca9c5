// Command witnessed is a log that nobody here wrote, which asks our witness to cosign.
//
//	witnessed DIR ORIGIN
//
// Prints the log's verifier key, reads the witness's key and URL from standard input,
// one line, and then grows: a Tessera log on files, whose own client submits each
// checkpoint and publishes none without the cosignature. What it published is judged
// once more by transparency-dev/formats and by filippo.io/torchwood. Exit code 1 and a
// sentence if anything is wrong.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"filippo.io/torchwood"
	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "use: witnessed DIR ORIGIN")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "witnessed:", err)
		os.Exit(1)
	}
}

func run(dir, origin string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	fmt.Println(vkey)
	var witnessKey, witnessURL string
	if _, err := fmt.Scan(&witnessKey, &witnessURL); err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	root, err := url.Parse(witnessURL)
	if err != nil {
		return err
	}
	witness, err := tessera.NewWitness(witnessKey, root)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: dir})
	if err != nil {
		return err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithCheckpointInterval(time.Second).
		WithBatching(64, 100*time.Millisecond).
		WithWitnesses(tessera.NewWitnessGroup(1, witness), &tessera.WitnessOptions{})
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond)
	published := 0
	for _, until := range []int{1, 2, 300, 1000} {
		var last tessera.IndexFuture
		for ; published < until; published++ {
			last = appender.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "entry-%d", published)))
		}
		if _, _, err := awaiter.Await(ctx, last); err != nil {
			return fmt.Errorf("at %d entries: %w", until, err)
		}
		if err := judge(dir, vkey, witnessKey); err != nil {
			return fmt.Errorf("at %d entries: %w", until, err)
		}
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	fmt.Printf("%d entries, each published head cosigned\n", published)
	return nil
}

func judge(dir, logKey, witnessKey string) error {
	checkpoint, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return err
	}
	logVerifier, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	formats, err := f_note.NewVerifierForCosignatureV1(witnessKey)
	if err != nil {
		return err
	}
	wood, err := torchwood.NewCosignatureVerifier(witnessKey)
	if err != nil {
		return err
	}
	for _, verifier := range []note.Verifier{formats, wood} {
		opened, err := note.Open(checkpoint, note.VerifierList(logVerifier, verifier))
		if err != nil {
			return err
		}
		if len(opened.Sigs) != 2 {
			return errors.New("the head is not cosigned")
		}
		if _, err := torchwood.ParseCheckpoint(opened.Text); err != nil {
			return err
		}
	}
	return nil
}
