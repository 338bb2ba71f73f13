//! Digests that BuildKit's own Go client gives to the same graphs, as of BuildKit 0.29.

use super::amd64;
use crate::{
    Copy, Exec, FileOp, Image, Local, Metadata, MkDir, MkFile, Mount, Network, Platform, ResolveMode, Rm,
    Sharing, State, Symlink, merge,
};

fn image(name: &str) -> State {
    Image::new(name).platform(&amd64()).state()
}

fn files() -> State {
    let scratch = State::scratch();
    let directory = FileOp::on(&scratch).mkdir(MkDir::new("/app").parents(true)).state();
    let config = MkFile::new("/app/config.toml", "[server]\nhost = \"0.0.0.0\"\n");
    let file = FileOp::on(&directory).mkfile(config).state();
    let link = FileOp::on(&file).symlink(Symlink::new("/app/config.toml", "/app/current-config")).state();
    let copy = Copy::new(&link, "/app/config.toml", "/app/config.toml.bak").create_dest_path(true);
    let copied = FileOp::on(&link).copy(copy).state();
    FileOp::on(&copied).rm(Rm::new("/app/current-config")).state()
}

fn two_platforms() -> State {
    let arm = Platform::parse("linux/arm/v6").expect("a platform");
    let other = Exec::new(["cmd-sub"]).run(&Image::new("image2").platform(&arm).state()).root();
    Exec::new(["cmd-main"]).mount(Mount::bind(&other, "/mnt")).run(&image("image1")).root()
}

fn copy_with_flags() -> State {
    let copy = Copy::new(&image("busybox"), "/src", "/dst")
        .exclude(["*.tmp"])
        .follow_symlinks(true)
        .dir_contents_only(true)
        .create_dest_path(true)
        .wildcard(true)
        .allow_empty_wildcard(true);
    FileOp::on(&image("alpine")).copy(copy).state()
}

fn agents_before_caches() -> State {
    Exec::new(["true"])
        .env("SSH_AUTH_SOCK", "/caller/agent.sock")
        .mount(Mount::ssh("deploy", "/run/deploy.sock").owner(1000, 1001).mode(0o640).optional(true))
        .mount(Mount::cache("/z", "cache-z", Sharing::Shared))
        .mount(Mount::ssh("build", "/run/build.sock").owner(2000, 2001))
        .mount(Mount::cache("/a", "cache-a", Sharing::Shared))
        .run(&image("alpine"))
        .root()
}

fn local() -> State {
    Local::new("context")
        .session_id("sess")
        .include_patterns(["*.go"])
        .exclude_patterns(["*_test.go"])
        .follow_paths(["src"])
        .shared_key_hint("hint")
        .state()
}

/// Compares digests, which the cases give without `sha256:`.
fn check(cases: &[(&str, State, &str)]) {
    for (name, state, digest) in cases {
        assert_eq!(state.digest().expect(name).as_str(), format!("sha256:{digest}"), "case `{name}`");
    }
}

#[test]
fn processes_have_the_digests_of_gos_client() {
    let alpine = image("alpine");
    let echo = || Exec::new(["echo", "hello"]);
    let secret = Mount::secret("license", "/run/secrets/license").owner(1000, 1001).mode(0o440);
    check(&[
        (
            "host network",
            Exec::new(["true"]).network(Network::Host).run(&alpine).root(),
            "bfd6cff9ef33dd345c04d2a199201e2459c07fc08f534ab335136013b664d826",
        ),
        (
            "scratch mount",
            echo().mount(Mount::scratch("/scratch")).run(&alpine).root(),
            "eb12766fe175f79ddd0f36b41ccf148d359de0727f28b3d2f513e9e23a1d51d3",
        ),
        (
            "scratch root",
            echo().platform(&amd64()).run(&State::scratch()).root(),
            "94760b8251b6a38390ee672d4e6220abbb24346f6b05733715211ce1c64718c0",
        ),
        (
            "secret file",
            Exec::new(["cat", "/run/secrets/license"]).mount(secret).run(&alpine).root(),
            "88ee7cb401c296e94ca92ae4bc345be23939cad24ff2713d07cdb877347bb92b",
        ),
        (
            "secret variable",
            Exec::new(["cat", "/secrets/token"])
                .secret_env("MY_SECRET", "mysecret", false)
                .run(&alpine)
                .root(),
            "2340c36db9304a209df4e0a47570530b2672d78ac9398213075999835317b6a6",
        ),
        (
            "agent",
            Exec::new(["test", "-S", "/run/buildkit/ssh_agent.0"])
                .mount(Mount::ssh("", ""))
                .run(&alpine)
                .root(),
            "71c834a54cb719e6077cf2f3d9a1f7824cb522c7e688c63199a6acd0d1adcb64",
        ),
        (
            "agents and caches",
            agents_before_caches(),
            "a85cb0d976be22224b4590d756549b9f31528924c2e7fa144a302cc6eab30e5b",
        ),
        (
            "two platforms",
            two_platforms(),
            "88758263439eae92eb653c9661a88e3c4370b3fea922893fe5ebe2da19206443",
        ),
    ]);
}

#[test]
fn sources_files_and_merges_have_the_digests_of_gos_client() {
    let alpine = image("alpine");
    check(&[
        ("local", local(), "9e24fe4e2b6969ca3936cf84d418e0fc3cb30d9b2a58b2ad9ca394d072612168"),
        (
            "image to pull",
            Image::new("alpine").resolve_mode(ResolveMode::ForcePull).platform(&amd64()).state(),
            "ace6a63fbf8d8ae2b812183505b094df62c0ea6de6b244a5eba8efd7b65e9a9d",
        ),
        ("copy", copy_with_flags(), "a93ec24d22bfb21eef8450c3d5dc4a05dee0879fb694f0a19954c7d2e6df8dc3"),
        ("files", files(), "f8510a0302f5eb8c6aad1a916cf734b025ad2aa8e581f551011e3d67e4076fcf"),
        (
            "removal",
            FileOp::on(&State::scratch()).rm(Rm::new("/tmp/*").wildcard(true)).state(),
            "8f24e67e58adbbeae28adb073e59ed0180c8491efad22ff55e96e4e25358b934",
        ),
        (
            "merge",
            merge(&[alpine.clone(), image("busybox")], Metadata::named("merged")),
            "44c74488bc91fcdb57d28daf5a5ed73fcf6ef651197870ce9fb9a1961c71ec60",
        ),
    ]);
}
