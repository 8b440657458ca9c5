//! akd-peer SYSTEM RECORDS N QUERIES: a key directory of N records in memory, as one line
//! of JSON. Run by ../private.sh, a process for each, so that peaks of memory are theirs.
//!
//!   akd-peer directory records 100000 2000
//!
//! RECORDS holds hashes of 32 bytes; the first N are committed in one epoch, QUERIES of
//! them are proven present, and the QUERIES after them absent. SYSTEM is
//!
//!   directory  akd::Directory, what akd offers: each record is a key with a value of one
//!              byte. Its proof of presence also shows that the key has no newer value:
//!              three labels and three paths. It has no proof of absence: see below
//!   set        the append-only zero-knowledge set below the directory, alone, by what
//!              akd makes public of it: labels are made, some thousand at a time, and all
//!              nodes inserted at once, without a transaction. It holds what a log of
//!              setlog holds, and akd has nothing that would do with less
//!
//! Absence is the set's proof that no first version of the key has a label in it, with the
//! label's proof: in both systems. So is presence in `set`.
//!
//! Every choice is the fastest: no cache over the storage that is in memory already
//! (12 % faster, 30 % less memory), two cores for labels and tree, the library's
//! ExperimentalConfiguration, which is its default and no slower than WhatsAppV1, one
//! epoch for all records (several took as long), the system's allocator (mimalloc took
//! longer), all instructions of this CPU. The keys of prover and verifier are expanded
//! once, where akd's own calls do it each time.
use std::hint::black_box;
use std::io::Read;
use std::time::Instant;

use akd::append_only_zks::{Azks, AzksParallelismConfig, InsertMode, DEFAULT_AZKS_KEY};
use akd::directory::Directory;
use akd::ecvrf::{HardCodedAkdVRF, Proof, VRFExpandedPrivateKey, VRFKeyStorage, VRFPublicKey};
use akd::hash::Digest;
use akd::proto::specs::types as wire;
use akd::storage::manager::StorageManager;
use akd::storage::memory::AsyncInMemoryDatabase;
use akd::storage::types::DbRecord;
use akd::verify::{
    lookup_verify, verify_membership_for_tests_only, verify_nonmembership_for_tests_only,
};
use akd::{AkdLabel, AkdValue, AzksElement, Configuration, VersionFreshness};
use protobuf::Message;

type Setup = akd::ExperimentalConfiguration<akd::ExampleLabel>;
type Storage = StorageManager<AsyncInMemoryDatabase>;
type Record = [u8; 32];

/// For `set`: akd makes a task of each label, which take memory.
const LABELS_AT_ONCE: usize = 1 << 14;

/// Of /proc/self/status, in MiB.
fn status_mib(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("no /proc");
    let line = status
        .lines()
        .find(|line| line.starts_with(field))
        .expect("no such field");
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<f64>()
        .unwrap()
        / 1024.0
}

fn label_of(record: &Record) -> AkdLabel {
    AkdLabel(record.to_vec())
}

/// Microseconds, and bytes, of many proofs of one kind.
#[derive(Default)]
struct Samples {
    prove: Vec<f64>,
    verify: Vec<f64>,
    bytes: Vec<f64>,
}

impl Samples {
    fn json(self) -> String {
        let median = |mut values: Vec<f64>| {
            values.sort_by(f64::total_cmp);
            values[values.len() / 2]
        };
        format!(
            "{{\"prove_us\":{:.2},\"verify_us\":{:.2},\"bytes\":{}}}",
            median(self.prove),
            median(self.verify),
            median(self.bytes)
        )
    }
}

fn micros(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e6
}

/// The set in `storage`, and the keys to ask and to check it.
struct Subject {
    storage: Storage,
    azks: Azks,
    root: Digest,
    secret: VRFExpandedPrivateKey,
    public: VRFPublicKey,
}

impl Subject {
    async fn new(storage: Storage) -> Self {
        let DbRecord::Azks(azks) = storage.get::<Azks>(&DEFAULT_AZKS_KEY).await.unwrap() else {
            panic!("there is no set");
        };
        let root = azks.get_root_hash::<Setup, _>(&storage).await.unwrap();
        let key = HardCodedAkdVRF.get_vrf_private_key().await.unwrap();
        let (secret, public) = ((&key).into(), (&key).into());
        Self {
            storage,
            azks,
            root,
            secret,
            public,
        }
    }

    /// The label's proof, as it is sent, and the label.
    async fn prove_label(&self, record: &Record) -> ([u8; 80], akd::NodeLabel) {
        let input = Setup::get_hash_from_label_input(&label_of(record), VersionFreshness::Fresh, 1);
        let proof = self.secret.prove(&self.public, &input);
        (
            proof.to_bytes(),
            HardCodedAkdVRF.get_node_label_from_vrf_proof(proof).await,
        )
    }

    async fn verify_label(&self, record: &Record, proof: &[u8], shown: akd::NodeLabel) {
        let input = Setup::get_hash_from_label_input(&label_of(record), VersionFreshness::Fresh, 1);
        let proof = Proof::try_from(proof).unwrap();
        self.public
            .verify(&proof, &input)
            .expect("a label did not verify");
        assert!(HardCodedAkdVRF.get_node_label_from_vrf_proof(proof).await == shown);
    }

    async fn members(&self, records: &[Record]) -> Samples {
        let mut samples = Samples::default();
        for record in records {
            let begin = Instant::now();
            let (label_proof, label) = self.prove_label(record).await;
            let proof = self
                .azks
                .get_membership_proof::<Setup, _>(&self.storage, label)
                .await;
            samples.prove.push(micros(begin));
            let proof = proof.unwrap();
            let sent = wire::MembershipProof::from(&proof)
                .write_to_bytes()
                .unwrap();
            samples.bytes.push((sent.len() + label_proof.len()) as f64);
            let begin = Instant::now();
            self.verify_label(record, &label_proof, proof.label).await;
            verify_membership_for_tests_only::<Setup>(self.root, &proof).unwrap();
            samples.verify.push(micros(begin));
        }
        samples
    }

    async fn strangers(&self, records: &[Record]) -> Samples {
        let mut samples = Samples::default();
        for record in records {
            let begin = Instant::now();
            let (label_proof, label) = self.prove_label(record).await;
            let proof = self
                .azks
                .get_non_membership_proof::<Setup, _>(&self.storage, label)
                .await;
            samples.prove.push(micros(begin));
            let proof = proof.unwrap();
            let sent = wire::NonMembershipProof::from(&proof)
                .write_to_bytes()
                .unwrap();
            samples.bytes.push((sent.len() + label_proof.len()) as f64);
            let begin = Instant::now();
            self.verify_label(record, &label_proof, proof.label).await;
            verify_nonmembership_for_tests_only::<Setup>(self.root, &proof).unwrap();
            samples.verify.push(micros(begin));
        }
        samples
    }

    async fn lookups(
        &self,
        directory: &Directory<Setup, AsyncInMemoryDatabase, HardCodedAkdVRF>,
        records: &[Record],
    ) -> Samples {
        let mut samples = Samples::default();
        for record in records {
            let begin = Instant::now();
            let (proof, head) = directory.lookup(label_of(record)).await.unwrap();
            samples.prove.push(micros(begin));
            let sent = wire::LookupProof::from(&proof).write_to_bytes().unwrap();
            samples.bytes.push(sent.len() as f64);
            let begin = Instant::now();
            let public = self.public.as_bytes();
            let label = label_of(record);
            lookup_verify::<Setup>(public, head.hash(), head.epoch(), label, proof).unwrap();
            samples.verify.push(micros(begin));
        }
        samples
    }
}

/// Labels, then the tree: what Directory::publish does, without what it keeps besides.
async fn insert(storage: &Storage, records: &[Record]) {
    // The value of keys that have none.
    let value = Setup::stale_azks_value();
    let mut elements = Vec::with_capacity(records.len());
    for some in records.chunks(LABELS_AT_ONCE) {
        let inputs: Vec<_> = some
            .iter()
            .map(|r| {
                (
                    label_of(r),
                    VersionFreshness::Fresh,
                    1,
                    AkdValue(Vec::new()),
                )
            })
            .collect();
        let labels = HardCodedAkdVRF
            .get_node_labels::<Setup>(&inputs)
            .await
            .unwrap();
        elements.extend(
            labels
                .into_iter()
                .map(|(_, label)| AzksElement { label, value }),
        );
    }
    let mut azks = Azks::new::<Setup, _>(storage).await.unwrap();
    let parallel = AzksParallelismConfig::default();
    azks.batch_insert_nodes::<Setup, _>(storage, elements, InsertMode::Directory, parallel)
        .await
        .unwrap();
    storage.set(DbRecord::Azks(azks)).await.unwrap();
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [system, file, n, queries] = &arguments[..] else {
        eprintln!("usage: akd-peer directory|set RECORDS N QUERIES");
        std::process::exit(2);
    };
    let (n, queries): (usize, usize) = (n.parse().unwrap(), queries.parse().unwrap());
    let mut bytes = vec![0; 32 * (n + queries)];
    let mut file = std::fs::File::open(file).expect("no file of records");
    file.read_exact(&mut bytes).expect("too few records");
    let record = |i: usize| -> Record { bytes[32 * i..32 * (i + 1)].try_into().unwrap() };
    let records: Vec<Record> = (0..n).map(record).collect();
    let absent: Vec<Record> = (n..n + queries).map(record).collect();
    let asked = queries.min(n);
    let present: Vec<Record> = (0..asked).map(|i| record(i * (n / asked))).collect();
    drop(bytes);

    let storage = StorageManager::new_no_cache(AsyncInMemoryDatabase::new());
    let mut directory = None;
    let begin = Instant::now();
    match system.as_str() {
        "directory" => {
            let parallel = AzksParallelismConfig::default();
            let made = Directory::<Setup, _, _>::new(storage.clone(), HardCodedAkdVRF, parallel);
            let made = made.await.unwrap();
            let updates = records
                .iter()
                .map(|r| (label_of(r), AkdValue(vec![1])))
                .collect();
            made.publish(updates).await.unwrap();
            directory = Some(made);
        }
        "set" => insert(&storage, &records).await,
        _ => panic!("no such system: {system}"),
    }
    let commit = begin.elapsed().as_secs_f64();
    let peak = status_mib("VmHWM");

    let subject = Subject::new(storage).await;
    black_box(subject.strangers(&absent[..queries / 10]).await); // to warm up
    let absent = subject.strangers(&absent).await;
    let present = match &directory {
        Some(directory) => subject.lookups(directory, &present).await,
        None => subject.members(&present).await,
    };
    println!(
        "{{\"system\":\"akd {system}\",\"version\":\"0.13.0\",\"records\":{n},\
         \"commit_seconds\":{commit:.6},\"memory_peak_mib\":{peak:.1},\
         \"memory_mib\":{:.1},\"present\":{},\"absent\":{}}}",
        status_mib("VmRSS"),
        present.json(),
        absent.json()
    );
    // Taking a million nodes apart is no part of it.
    std::process::exit(0);
}
