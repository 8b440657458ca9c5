// agent holds a witness's key: an ssh-agent with one new Ed25519 key, as litewitness
// wants it.
//
//	agent SOCKET NAME
//
// Prints one line, the key's SSH fingerprint and the witness's vkey (C2SP signed-note,
// type 0x04), and serves until it is killed.
package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log"
	"net"
	"os"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("use: agent SOCKET NAME")
	}
	name := os.Args[2]
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	sshKey, err := ssh.NewPublicKey(public)
	if err != nil {
		log.Fatal(err)
	}
	typed := append([]byte{4}, public...)
	id := sha256.Sum256(append([]byte(name+"\n"), typed...))
	fmt.Printf("%s %s+%x+%s\n", ssh.FingerprintSHA256(sshKey), name, id[:4],
		base64.StdEncoding.EncodeToString(typed))
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			_ = agent.ServeAgent(keys, connection)
		}()
	}
}
