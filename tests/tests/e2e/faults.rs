//! A failure during a build has no effect on later builds: the next build of the same project on the same
//! engine is right.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use pybuild_tests::command::run;
use pybuild_tests::index::sha256;
use pybuild_tests::progress::Progress;
use pybuild_tests::project::{nonce, temporary_folder};
use pybuild_tests::{Build, EmptyEngine, Engine, Failure, Index, Project, Result, Wheel};

use crate::locked::{project, pylock};
use crate::small;

/// Whether a step with such a name has begun and not ended.
fn is_running(progress: &Progress, name: &str) -> bool {
    progress.named(name).iter().any(|step| step.started.is_some() && step.completed.is_none())
}

/// Bytes that no compression makes smaller; `seed` says which.
fn noise(seed: &str, length: usize) -> Vec<u8> {
    let mut state =
        seed.bytes().fold(1_u64, |state, byte| state.wrapping_mul(31) ^ u64::from(byte)) | 1 << 63;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// A project whose command prints the SHA-256 of a file of its only wheel.
fn large(index: &Index, bytes: &[u8]) -> Result<Project> {
    let wheel = index.wheel(&Wheel::new("alpha", "1.0").with("alpha.bin", bytes));
    let project = project("pylock.toml", &pylock(&[&wheel]), COMMAND)?;
    project.write("app.py", PROGRAM)?;
    Ok(project)
}

const COMMAND: &str = "[stage.production]\ncommand = [\"python\", \"app.py\"]\n";

const PROGRAM: &str = "import alpha, hashlib, pathlib\n\
    print(hashlib.sha256(pathlib.Path(alpha.__file__).with_name('alpha.bin').read_bytes()).hexdigest())\n";

/// Builds a project of [`large`] and runs its image.
fn assert_right(project: &Project, bytes: &[u8]) -> Result {
    let outcome = Build::of(project).load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "app.py"])?.trim(), sha256(bytes));
    Ok(())
}

#[test]
fn a_client_that_is_killed_while_a_wheel_is_unpacked_leaves_nothing_half_done() -> Result {
    let index = Index::start()?;
    let bytes = noise(&nonce(), 12 << 20);
    let project = large(&index, &bytes)?;
    Build::of(&project).kill_when(|progress| is_running(progress, "unpack: "))?;
    assert_right(&project, &bytes)
}

#[test]
fn a_client_that_is_killed_while_a_source_is_built_leaves_nothing_half_done() -> Result {
    let index = Index::start()?;
    let beta = index.sdist("beta", "1.0", &nonce())?;
    let project = project("pylock.toml", &pylock(&[&beta]), "")?;
    Build::of(&project).kill_when(|progress| is_running(progress, "build: beta"))?;
    let outcome = Build::of(&project).load().succeed()?;
    outcome.image()?.prints(&["python", "-c", "import beta"])?;
    Ok(())
}

#[test]
fn a_client_that_is_killed_while_a_check_runs_leaves_no_result_of_the_check() -> Result {
    let label = nonce();
    let project = small::project(&format!(
        "[stage.test]\nchecks.slow = \"test -e go && echo passed {label} || sleep 600\"\n"
    ))?;
    Build::of(&project).target("test").kill_when(|progress| is_running(progress, "check: slow"))?;
    // The check sees a file that it waits for: what the killed build began is no answer for the next one.
    project.write("go", "")?;
    let outcome = Build::of(&project).target("test").succeed()?;
    assert!(outcome.ran("check: slow")?, "{}", outcome.transcript());
    assert!(outcome.transcript().contains(&format!("passed {label}")), "{}", outcome.transcript());
    Ok(())
}

#[test]
fn two_builds_of_one_project_at_once_are_both_right() -> Result {
    let index = Index::start()?;
    let bytes = noise(&nonce(), 1 << 20);
    let project = large(&index, &bytes)?;
    thread::scope(|scope| {
        let builds: Vec<_> = (0..4).map(|_| scope.spawn(|| assert_right(&project, &bytes))).collect();
        builds.into_iter().try_for_each(|build| {
            build.join().unwrap_or_else(|_| Err(Failure::Unexpected("a build panicked".to_owned())))
        })
    })
}

/// A project whose wheel lies in the context: an empty engine reaches its registry alone.
fn offline(bytes: &[u8]) -> Result<Project> {
    let wheel = Wheel::new("alpha", "1.0").with("alpha.bin", bytes);
    let archive = wheel.bytes();
    let lock = format!(
        "lock-version = \"1.0\"\ncreated-by = \"e2e\"\n[[packages]]\nname = \"alpha\"\nversion = \"1.0\"\n\
         wheels = [{{ path = \"wheels/{}\", hashes = {{ sha256 = \"{}\" }} }}]\n",
        wheel.file(),
        sha256(&archive)
    );
    let project = project("pylock.toml", &lock, COMMAND)?;
    project.write_bytes(&format!("wheels/{}", wheel.file()), &archive)?;
    project.write("app.py", PROGRAM)?;
    Ok(project)
}

/// What the image of a build on an engine without a network for containers holds, read from its files.
fn shipped(build: Build) -> Result<Vec<u8>> {
    let folder = temporary_folder()?;
    build.output(&format!("type=local,dest={}", folder.path().display())).succeed()?;
    let file = folder.path().join("venv/lib/python3.11/site-packages/alpha.bin");
    fs::read(file).map_err(Failure::io("reading what was built"))
}

/// A step that writes more than an engine has room for, into a folder of its own or into a cache.
#[test]
fn a_full_disk_is_named_and_the_next_build_is_right() -> Result {
    let Some(engine) = EmptyEngine::of_size("800m")? else { return Ok(()) };
    let bytes = noise("small", 1 << 20);
    let project = offline(&bytes)?;
    let file = project.read("pybuild.toml")?;
    for run in [
        "run = \"head -c 1G /dev/zero > /opt/large\"",
        "run = \"head -c 1G /dev/zero > /cache/large\"\ncache = [\"/cache\"]",
    ] {
        project.write("pybuild.toml", &format!("{file}{run}\n"))?;
        let full = Build::of(&project).on(&engine).option("--network", "none").run()?;
        assert!(!full.success, "{}", full.transcript());
        assert!(full.transcript().contains("No space left on device"), "{}", full.transcript());
        // What the step wrote into a cache stays there, as with any failed step, until somebody makes room.
        run_on(&engine, &["buildx", "prune", "--all", "--force"])?;
    }
    project.write("pybuild.toml", &file)?;
    assert_eq!(sha256(&shipped(Build::of(&project).on(&engine))?), sha256(&bytes));
    Ok(())
}

fn run_on(engine: &EmptyEngine, arguments: &[&str]) -> Result {
    run(Engine::get()?.docker(arguments).env("DOCKER_HOST", engine.host()))?.successful().map(drop)
}

#[test]
fn an_engine_that_is_killed_goes_on_where_it_was() -> Result {
    let Some(mut engine) = EmptyEngine::start()? else { return Ok(()) };
    let bytes = noise("killed", 12 << 20);
    let project = offline(&bytes)?;
    let build = Build::of(&project).on(&engine);
    let killed =
        build.act_when(|progress| is_running(progress, "unpack: "), |_| engine.kill_and_start_again())?;
    assert!(!killed.success, "{}", killed.transcript());
    assert_eq!(sha256(&shipped(Build::of(&project).on(&engine))?), sha256(&bytes));
    Ok(())
}

/// A door to the registry that can be shut in the middle of what goes through.
struct Door {
    port: u16,
    /// How many bytes may still go to the registry.
    left: Arc<AtomicI64>,
}

impl Door {
    fn open(left: i64) -> Result<Self> {
        let failed = || Failure::io("opening a door to the registry");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed())?;
        let port = listener.local_addr().map_err(failed())?.port();
        let left = Arc::new(AtomicI64::new(left));
        let (bytes, registry) =
            (Arc::clone(&left), Engine::get()?.registry().replace("localhost", "127.0.0.1"));
        // The thread ends with the test's process, like the connections.
        thread::spawn(move || {
            for client in listener.incoming().filter_map(std::result::Result::ok) {
                let Ok(server) = TcpStream::connect(&registry) else { continue };
                let (Ok(from), Ok(to)) = (server.try_clone(), client.try_clone()) else { continue };
                thread::spawn(move || pass(from, to, None));
                let bytes = Arc::clone(&bytes);
                thread::spawn(move || pass(client, server, Some(&bytes)));
            }
        });
        Ok(Self { port, left })
    }
}

/// Passes on what comes, until `left` bytes have gone through.
fn pass(mut from: TcpStream, mut to: TcpStream, left: Option<&AtomicI64>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        let spent = i64::try_from(count).unwrap_or(i64::MAX);
        if left.is_some_and(|left| left.fetch_sub(spent, Ordering::SeqCst) < spent) {
            break;
        }
        if buffer.get(..count).is_none_or(|bytes| to.write_all(bytes).is_err()) {
            break;
        }
    }
    // Both ends learn of the cut at once.
    for end in [&from, &to] {
        let _ = end.shutdown(Shutdown::Both);
    }
}

#[test]
fn a_registry_that_is_cut_in_a_push_fails_the_build_and_the_next_push_is_whole() -> Result {
    let index = Index::start()?;
    let bytes = noise(&nonce(), 12 << 20);
    let project = large(&index, &bytes)?;
    let door = Door::open(4 << 20)?;
    let name = format!("localhost:{}/e2e/cut-{}:1", door.port, nonce());
    let cut = Build::of(&project).output(&format!("type=image,name={name},push=true")).run()?;
    assert!(!cut.success, "{}", cut.transcript());
    assert!(cut.errors.contains("failed to push"), "{}", cut.transcript());

    door.left.store(i64::MAX, Ordering::SeqCst);
    Build::of(&project).output(&format!("type=image,name={name},push=true")).succeed()?;
    let printed =
        run(&mut Engine::get()?.docker(&["run", "--rm", "--pull", "always", &name, "python", "app.py"]))?
            .successful()?;
    run(&mut Engine::get()?.docker(&["image", "rm", &name]))?.successful()?;
    assert_eq!(printed.stdout.trim(), sha256(&bytes));
    Ok(())
}

#[test]
fn a_registry_that_is_cut_while_the_cache_is_exported_poisons_no_cache() -> Result {
    if !Engine::get()?.has_containerd_store() {
        return Ok(()); // The classic store exports no cache to a registry.
    }
    let index = Index::start()?;
    let bytes = noise(&nonce(), 12 << 20);
    let project = large(&index, &bytes)?;
    let door = Door::open(4 << 20)?;
    let cache = format!("type=registry,ref=localhost:{}/e2e/cache-{}", door.port, nonce());
    let cut = Build::of(&project).option("--cache-to", &format!("{cache},mode=max")).run()?;
    assert!(!cut.success, "{}", cut.transcript());

    door.left.store(i64::MAX, Ordering::SeqCst);
    let build = || Build::of(&project).option("--cache-from", &cache);
    build().option("--cache-to", &format!("{cache},mode=max")).succeed()?;
    let outcome = build().load().succeed()?;
    assert_eq!(outcome.image()?.prints(&["python", "app.py"])?.trim(), sha256(&bytes));
    Ok(())
}
