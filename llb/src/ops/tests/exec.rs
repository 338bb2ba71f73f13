use super::{amd64, caps, inputs, op};
use crate::{Exec, Image, Local, Mount, Network, Platform, ProxyEnv, Security, State, pb};

fn exec(state: &State) -> pb::ExecOp {
    match op(state).op {
        Some(pb::op::Op::Exec(exec)) => exec,
        other => panic!("not a process: {other:?}"),
    }
}

fn base() -> State {
    Image::new("alpine").platform(&amd64()).state()
}

#[test]
fn a_plain_process_has_the_fields_that_go_writes() {
    let ran = Exec::new(["true"]).run(&base()).root();
    let meta = pb::Meta {
        args: vec!["true".to_owned()],
        cwd: "/".to_owned(),
        remove_mount_stubs_recursive: true,
        ..pb::Meta::default()
    };
    let root = pb::Mount { dest: "/".to_owned(), ..pb::Mount::default() };
    assert_eq!(exec(&ran), pb::ExecOp { meta: Some(meta), mounts: vec![root], ..pb::ExecOp::default() });
    assert_eq!(inputs(&ran), [super::input(&base(), 0)]);
    assert_eq!(caps(&ran), ["exec.meta.base", "exec.meta.setsdefaultpath", "exec.mount.bind"]);
}

#[test]
fn a_process_writes_all_it_is_told_and_asks_for_what_that_needs() {
    let ran = Exec::new(["sh", "-c", "exit 3"])
        .cwd("/app")
        .env("PATH", "/usr/bin")
        .user("1000:1000")
        .hostname("builder")
        .network(Network::Host)
        .security(Security::Insecure)
        .cgroup_parent("/group")
        .extra_host("db", "10.0.0.1")
        .ulimit("nofile", 1024, -1)
        .proxy(ProxyEnv { https: "p".to_owned(), ..ProxyEnv::default() })
        .valid_exit_codes([0, 3, -1])
        .secret_env("TOKEN", "token", true)
        .device("vendor/class=gpu", true)
        .remove_mount_stubs(false)
        .run(&base())
        .root();
    let expected = pb::ExecOp {
        meta: Some(pb::Meta {
            args: ["sh", "-c", "exit 3"].map(str::to_owned).to_vec(),
            env: vec!["PATH=/usr/bin".to_owned()],
            cwd: "/app".to_owned(),
            user: "1000:1000".to_owned(),
            proxy_env: Some(pb::ProxyEnv { https_proxy: "p".to_owned(), ..pb::ProxyEnv::default() }),
            extra_hosts: vec![pb::HostIp { host: "db".to_owned(), ip: "10.0.0.1".to_owned() }],
            hostname: "builder".to_owned(),
            ulimit: vec![pb::Ulimit { name: "nofile".to_owned(), soft: 1024, hard: -1 }],
            cgroup_parent: "/group".to_owned(),
            remove_mount_stubs_recursive: false,
            valid_exit_codes: vec![0, 3, -1],
        }),
        mounts: vec![pb::Mount { dest: "/".to_owned(), ..pb::Mount::default() }],
        network: pb::NetMode::Host.into(),
        security: pb::SecurityMode::Insecure.into(),
        secretenv: vec![pb::SecretEnv { id: "token".to_owned(), name: "TOKEN".to_owned(), optional: true }],
        cdi_devices: vec![pb::CdiDevice { name: "vendor/class=gpu".to_owned(), optional: true }],
    };
    assert_eq!(exec(&ran), expected);
    assert_eq!(
        caps(&ran),
        [
            "exec.meta.base",
            "exec.meta.cdi",
            "exec.meta.cgroup.parent",
            "exec.meta.network",
            "exec.meta.proxyenv",
            "exec.meta.security",
            "exec.meta.ulimit",
            "exec.mount.bind",
            "exec.mount.secret",
            "exec.secretenv",
            "exec.validexitcode",
        ]
    );
}

#[test]
fn a_later_value_of_a_variable_takes_the_earlier_ones_place() {
    let ran = Exec::new(["env"]).env("A", "1").env("B", "2").env("A", "3").run(&base()).root();
    assert_eq!(exec(&ran).meta.expect("meta").env, ["A=3", "B=2"]);
}

#[test]
fn the_platform_is_its_own_or_that_of_the_root() {
    let arm = Platform::parse("linux/arm64/v8").expect("a platform");
    let own = Exec::new(["true"]).platform(&arm).run(&base()).root();
    assert_eq!(op(&own).platform.map(|platform| platform.architecture), Some("arm64".to_owned()));
    assert_eq!(own.platform(), Some(&arm.normalized()));
    let taken_over = Exec::new(["true"]).run(&own).root();
    assert_eq!(op(&taken_over).platform.map(|platform| platform.architecture), Some("arm64".to_owned()));
    let unset = Exec::new(["true"]).run(&Local::new("context").state()).root();
    assert_eq!(op(&unset).platform, None, "the engine's own");
}

#[test]
fn a_root_may_be_scratch_or_read_only() {
    let context = Local::new("context").state();
    let on_scratch = Exec::new(["/tool"]).mount(Mount::bind(&context, "/in")).run(&State::scratch());
    let mounts = exec(&on_scratch.root()).mounts;
    assert_eq!((mounts[0].input, mounts[0].output), (-1, 0));
    assert_eq!((mounts[1].input, mounts[1].output), (0, 1));

    let read_only = Exec::new(["/tool"]).read_only_root().mount(Mount::scratch("/out")).run(&base());
    let mounts = exec(&read_only.output("/out")).mounts;
    assert_eq!((mounts[0].readonly, mounts[0].output), (true, -1));
    assert_eq!((mounts[1].input, mounts[1].output), (-1, 0));
    assert_eq!(read_only.root(), base(), "unchanged");
}

#[test]
fn a_mount_at_the_root_takes_its_place() {
    let other = Local::new("rootfs").state();
    let ran = Exec::new(["true"]).mount(Mount::bind(&other, "/").selector("/sub")).run(&base());
    assert_eq!(inputs(&ran.root()), [super::input(&other, 0)]);
    assert_eq!(exec(&ran.root()).mounts.len(), 1);
    assert_eq!(ran.root().platform(), Some(&amd64()), "still of the root that was given");
}
