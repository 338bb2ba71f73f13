use super::{amd64, caps, input, inputs, op};
use crate::{ContentCache, Exec, FileOp, Image, Local, MkDir, Mount, Owner, Sharing, State, pb};

fn base() -> State {
    Image::new("alpine").platform(&amd64()).state()
}

fn context() -> State {
    Local::new("context").state()
}

fn run(mounts: impl IntoIterator<Item = Mount>) -> crate::Executed {
    mounts.into_iter().fold(Exec::new(["true"]), Exec::mount).run(&base())
}

fn mounts(state: &State) -> Vec<pb::Mount> {
    match op(state).op {
        Some(pb::op::Op::Exec(exec)) => exec.mounts,
        other => panic!("not a process: {other:?}"),
    }
}

/// Path, input and output of each mount.
fn shape(state: &State) -> Vec<(String, i64, i64)> {
    mounts(state).into_iter().map(|mount| (mount.dest, mount.input, mount.output)).collect()
}

#[test]
fn mounts_are_ordered_and_numbered_as_the_engine_counts_results() {
    let ran = run([
        Mount::ssh("agent", "/ssh"),
        Mount::secret("b", "/b"),
        Mount::scratch("/z"),
        Mount::secret("a", "/a"),
        Mount::cache("/m", "m", Sharing::Shared),
        Mount::bind(&context(), "/c"),
        Mount::tmpfs("/t"),
        Mount::bind(&context(), "/ro").read_only(),
        Mount::bind(&base(), "/d").no_output(),
    ]);
    let expected = [
        ("/", 0, 0),
        ("/c", 1, 1),
        ("/d", 0, -1),
        ("/m", -1, -1),
        ("/ro", 1, -1),
        ("/t", -1, -1),
        ("/z", -1, 2),
        ("/b", -1, 0),
        ("/a", -1, 0),
        ("/ssh", -1, 0),
    ];
    assert_eq!(shape(&ran.root()), expected.map(|(dest, input, output)| (dest.to_owned(), input, output)));
    assert_eq!(inputs(&ran.root()), [input(&base(), 0), input(&context(), 0)]);
    assert_eq!(
        caps(&ran.root()),
        [
            "exec.meta.base",
            "exec.meta.setsdefaultpath",
            "exec.mount.bind",
            "exec.mount.bind.readwrite-nooutput",
            "exec.mount.cache",
            "exec.mount.cache.sharing",
            "exec.mount.secret",
            "exec.mount.ssh",
            "exec.mount.tmpfs",
        ]
    );
}

#[test]
fn outputs_are_found_by_their_path() {
    let ran = run([
        Mount::scratch("/out"),
        Mount::bind(&context(), "/in").read_only(),
        Mount::cache("/cache", "id", Sharing::Private),
        Mount::bind(&context(), "/tmp").no_output(),
    ]);
    let after = FileOp::on(&ran.output("/out")).mkdir(MkDir::new("/x")).state();
    assert_eq!(inputs(&after), [input(&ran.root(), 1)]);
    assert_ne!(ran.output("/out"), ran.root(), "another output of one vertex");
    assert_eq!(ran.output("/in"), context());
    for nothing in ["/cache", "/tmp", "/elsewhere"] {
        assert!(ran.output(nothing).is_scratch(), "{nothing}");
    }
}

#[test]
fn a_later_mount_at_a_path_takes_the_earlier_ones_place() {
    let ran = run([Mount::tmpfs("/a"), Mount::cache("/a", "id", Sharing::Shared)]);
    assert_eq!(ran, run([Mount::cache("/a", "id", Sharing::Shared)]));
}

#[test]
fn options_of_mounts_reach_the_wire() {
    let ran = run([
        Mount::bind(&context(), "/b").selector("/sub").content_cache(ContentCache::Off).read_only(),
        Mount::cache("/c", "id", Sharing::Private).seed(&context()).selector("/seed"),
        Mount::tmpfs("/t").size(1 << 20),
        Mount::secret("s", "/s").owner(1, 2).mode(0o440).optional(true),
        Mount::ssh("k", "/k").owner(3, 4).mode(0o660).optional(true),
    ]);
    let found = mounts(&ran.root());
    let none = pb::Mount { input: -1, output: -1, ..pb::Mount::default() };
    let expected = [
        pb::Mount {
            input: 1,
            selector: "/sub".to_owned(),
            dest: "/b".to_owned(),
            readonly: true,
            content_cache: pb::MountContentCache::Off.into(),
            ..none.clone()
        },
        pb::Mount {
            input: 1,
            selector: "/seed".to_owned(),
            dest: "/c".to_owned(),
            mount_type: pb::MountType::Cache.into(),
            cache_opt: Some(pb::CacheOpt {
                id: "id".to_owned(),
                sharing: pb::CacheSharingOpt::Private.into(),
            }),
            ..none.clone()
        },
        pb::Mount {
            dest: "/t".to_owned(),
            mount_type: pb::MountType::Tmpfs.into(),
            tmpfs_opt: Some(pb::TmpfsOpt { size: 1 << 20 }),
            ..none.clone()
        },
        pb::Mount {
            dest: "/s".to_owned(),
            output: 0,
            mount_type: pb::MountType::Secret.into(),
            secret_opt: Some(pb::SecretOpt {
                id: "s".to_owned(),
                uid: 1,
                gid: 2,
                mode: 0o440,
                optional: true,
            }),
            ..none.clone()
        },
        pb::Mount {
            dest: "/k".to_owned(),
            output: 0,
            mount_type: pb::MountType::Ssh.into(),
            ssh_opt: Some(pb::SshOpt { id: "k".to_owned(), uid: 3, gid: 4, mode: 0o660, optional: true }),
            ..none
        },
    ];
    assert_eq!(found[1..], expected);
    for cap in ["exec.mount.selector", "exec.mount.cache.content", "exec.mount.tmpfs.size"] {
        assert!(caps(&ran.root()).contains(&cap.to_owned()), "{cap}");
    }
}

#[test]
fn what_a_kind_of_mount_does_not_have_is_passed_over() {
    let told = run([
        Mount::tmpfs("/t").seed(&context()),
        Mount::secret("s", "/s")
            .seed(&context())
            .selector("/x")
            .content_cache(ContentCache::On)
            .size(7)
            .read_only(),
    ]);
    assert_eq!(told, run([Mount::tmpfs("/t"), Mount::secret("s", "/s")]));
    assert_eq!(caps(&told.root()), caps(&run([Mount::tmpfs("/t"), Mount::secret("s", "/s")]).root()));
}

#[test]
fn agents_without_a_path_get_one_and_the_first_is_announced() {
    let ran = run([Mount::ssh("a", ""), Mount::ssh("b", "")]);
    let paths: Vec<String> = mounts(&ran.root()).into_iter().map(|mount| mount.dest).collect();
    assert_eq!(paths, ["/", "/run/buildkit/ssh_agent.0", "/run/buildkit/ssh_agent.1"]);
    let Some(pb::op::Op::Exec(exec)) = op(&ran.root()).op else { panic!("not a process") };
    assert_eq!(exec.meta.expect("meta").env, ["SSH_AUTH_SOCK=/run/buildkit/ssh_agent.0"]);

    let own = Exec::new(["true"]).env("SSH_AUTH_SOCK", "/mine").mount(Mount::ssh("a", "/x")).run(&base());
    let Some(pb::op::Op::Exec(exec)) = op(&own.root()).op else { panic!("not a process") };
    assert_eq!(exec.meta.expect("meta").env, ["SSH_AUTH_SOCK=/mine"]);
}

#[test]
fn a_cache_gets_an_owner_by_a_folder_that_has_one() {
    let cache = Mount::cache("/c", "id", Sharing::Shared);
    let seed = FileOp::on(&State::scratch()).mkdir(MkDir::new("/cache").owner(Owner::id(7, 8))).state();
    let owned = run([cache.clone().owner(7, 8)]);
    assert_eq!(owned, run([cache.clone().seed(&seed).selector("/cache")]));
    assert_eq!(run([cache.clone().seed(&seed).owner(1, 1)]), run([cache.seed(&seed)]), "a seed has its own");
}
