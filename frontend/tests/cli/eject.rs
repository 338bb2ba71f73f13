use crate::folder::Folder;
use crate::plan::shop;

#[test]
fn an_ejected_dockerfile_has_stages_checks_and_the_lock_s_hashes() {
    let ran = shop().run(&["eject", "--platform", "linux/amd64"]);
    let note = "note: the rules of ignored files that are built into pybuild are in a comment: copy them\n";
    assert_eq!((ran.stderr.as_str(), ran.code), (note, 0));
    let text = ran.stdout;
    assert!(text.starts_with("# syntax=docker/dockerfile:1\n"), "{text}");
    let hash = "2".repeat(64);
    assert!(text.contains(&format!("\nflask==3.0.3 --hash=sha256:{hash}\n")), "{text}");
    let stages: Vec<_> = text.lines().filter(|line| line.starts_with("FROM ")).collect();
    assert_eq!(
        stages,
        [
            "FROM scratch AS pybuild-requirements",
            "FROM python:3.13-slim AS builder",
            "FROM builder AS builder-with-dev",
            "FROM builder-with-dev AS test-base",
            "FROM test-base AS test-check-pytest",
            "FROM test-base AS test",
            "FROM python:3.13-slim AS production",
        ]
    );
    let end = "\
# Nothing is copied: the image waits for these checks.
COPY --from=test-check-pytest /run/passed/ /
LABEL \"org.opencontainers.image.title\"=\"shop\"
LABEL \"org.opencontainers.image.version\"=\"1.0\"
WORKDIR /app
USER 10001:10001
CMD [\"flask\",\"--app\",\"shop\",\"run\"]
";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn nothing_in_a_file_means_something_else_in_a_dockerfile() {
    let text = r#"
python.version = "3.13"
dependencies.requirements = []
[stage.Assets]
from = "node:20-slim"
include = ["web/"]
run = ["npm ci", { run = ["node", "a b.js"], env.KEY = "it's $5" }, "cat <<X\nX"]
cache = ["/root/.npm"]
[stage.production]
env.PRICE = "\"5\" $ \\ more"
copy = [{ from = "Assets", path = "/app/web", to = "web", mode = "0755" }]
run = [{ run = "make", secrets = [{ id = "token", env = "TOKEN" }], network = "none" }]
healthcheck = { command = "true", interval = "30s", retries = 3 }
"#;
    let folder = Folder::new(&[("pybuild.toml", text), (".dockerignore", ".git\n"), ("web/a.js", "")]);
    let ejected = folder.run(&["eject", "--platform", "linux/amd64"]).result();
    for line in [
        "FROM node:20-slim AS assets\n",
        "COPY web /app/web\n",
        "RUN --mount=type=cache,target=/root/.npm \\\n    npm ci\n",
        "    [\"env\",\"KEY=it's $5\",\"node\",\"a b.js\"]\n",
        "    [\"/bin/sh\",\"-c\",\"cat <<X\\nX\"]\n",
        "ENV PRICE=\"\\\"5\\\" \\$ \\\\ more\"\n",
        "COPY --from=assets --chmod=0755 /app/web /app/web\n",
        "RUN --mount=type=secret,id=token,env=TOKEN,required=true \\\n    --network=none make\n",
        "HEALTHCHECK --interval=30000000us --retries=3 CMD true\n",
    ] {
        assert!(ejected.contains(line), "{line}\n---\n{ejected}");
    }
}

#[test]
fn conda_packages_are_not_ejected() {
    let environment = "channels: [conda-forge]\ndependencies: [python=3.13, numpy]\n";
    let folder =
        Folder::new(&[("pybuild.toml", "python.version = \"3.13\"\n"), ("environment.yml", environment)]);
    let said = "error: an environment of conda packages cannot be ejected: pybuild puts it together itself, and pip \
                cannot\n  help: push the image that pybuild makes, and begin the Dockerfile with `FROM` of it\n  help: or \
                install from a lock of wheels, where all packages have them, and eject that\n";
    assert_eq!(folder.run(&["eject"]).refusal(), said);
}
