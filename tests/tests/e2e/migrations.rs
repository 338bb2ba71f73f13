//! Builds Dockerfiles and the build files that `init --from` writes for them, and compares the images. The
//! expected values are from the image of the Dockerfile.

use std::collections::BTreeMap;

use pybuild_tests::program::pybuild;
use pybuild_tests::{Build, Image, Project, Result};
use serde_json::Value;

/// What holds in every image of ours, and that no Dockerfile says: docs/guides/from-a-dockerfile.md.
const OURS: [&str; 5] = ["PATH", "VIRTUAL_ENV", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "HOME"];

/// A project with a Dockerfile.
fn project(dockerfile: &str, files: &[(&str, &str)]) -> Result<Project> {
    let project = Project::with(files)?;
    project.write("Dockerfile", dockerfile)?;
    project.write(".dockerignore", "Dockerfile\n.dockerignore\npybuild.toml\n")?;
    Ok(project)
}

fn variables(image: &Image) -> Result<BTreeMap<String, String>> {
    let config = image.config()?;
    let all = config.get("Env").and_then(Value::as_array).into_iter().flatten();
    let pairs = all.filter_map(|pair| pair.as_str()?.split_once('='));
    Ok(pairs
        .filter(|(name, _)| !OURS.contains(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect())
}

/// What `probes` print in both images, and the parts of the config that people see.
fn compare(project: &Project, probes: &[&str]) -> Result {
    pybuild(project, &["init", "--from", "Dockerfile"])?;
    project.point_at_frontend()?;
    let theirs = Build::of(project).file("Dockerfile").load().succeed()?;
    let ours = Build::of(project).load().succeed()?;
    let (theirs, ours) = (theirs.image()?, ours.image()?);
    let written = project.read("pybuild.toml")?;
    assert_eq!(variables(ours)?, variables(theirs)?, "{written}");
    let (our, their) = (ours.config()?, theirs.config()?);
    for key in ["Cmd", "Entrypoint", "ExposedPorts", "WorkingDir", "StopSignal", "Volumes"] {
        // Without a folder, a container starts in the root.
        let said = |config: &Value| match config.get(key) {
            Some(Value::String(folder)) if key == "WorkingDir" && folder.is_empty() => Value::from("/"),
            other => other.cloned().unwrap_or_default(),
        };
        assert_eq!(said(&our), said(&their), "{key}\n{written}");
    }
    let labels = their.get("Labels").and_then(Value::as_object).into_iter().flatten();
    for (name, value) in labels {
        assert_eq!(our.get("Labels").and_then(|all| all.get(name)), Some(value), "{name}\n{written}");
    }
    for probe in probes {
        let program = ["sh", "-c", probe];
        assert_eq!(ours.prints(&program)?, theirs.prints(&program)?, "{probe}\n{written}");
    }
    Ok(())
}

/// Names, modes and owners below a folder, without bytecode.
const LISTED: &str = "cd /app && find . -not -path '*__pycache__*' -not -name . -printf '%p %y %m\\n' | sort";

#[test]
fn one_stage_with_requirements_and_a_user() -> Result {
    let dockerfile = "\
FROM python:3.11-slim
ENV MODE=production \\
    LIMIT=10
LABEL org.example.team=\"web shop\"
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN groupadd -g 4321 web && useradd -u 1234 -g web web
USER web
EXPOSE 8000
CMD [\"python\", \"-c\", \"import idna, app; print(app.NAME)\"]
";
    let files =
        [("requirements.txt", "idna==3.10\n"), ("app.py", "NAME = 'shop'\n"), ("data/one.txt", "1\n")];
    let project = project(dockerfile, &files)?;
    compare(&project, &["id -u; id -g", "python -c 'import idna; print(idna.__version__)'", LISTED])
}

#[test]
fn a_virtual_environment_that_a_builder_fills() -> Result {
    let dockerfile = "\
FROM python:3.11-slim AS builder
RUN python -m venv /opt/venv
ENV PATH=\"/opt/venv/bin:$PATH\"
COPY requirements.txt .
RUN pip install -r requirements.txt

FROM python:3.11-slim
COPY --from=builder /opt/venv /opt/venv
ENV PATH=\"/opt/venv/bin:$PATH\"
WORKDIR /app
COPY src/ .
COPY --chmod=755 start.sh /start.sh
ENTRYPOINT [\"/start.sh\"]
CMD [\"serve\"]
";
    let files = [
        ("requirements.txt", "idna==3.10\n"),
        ("src/app.py", "print('here')\n"),
        ("src/inner/mod.py", "X = 1\n"),
        ("start.sh", "#!/bin/sh\nexec echo started \"$@\"\n"),
    ];
    let project = project(dockerfile, &files)?;
    compare(&project, &["/start.sh a b; stat -c %a /start.sh", "python app.py", LISTED])
}

#[test]
fn what_is_run_stays_whole_and_in_its_place() -> Result {
    let dockerfile = "\
FROM python:3.11-slim
ARG REVISION=none
WORKDIR /app
COPY app.py .
RUN set -e; cd /opt && for i in 1 2 3; do echo \"$i\" >> list; done; \\
    if [ -f list ]; then mv list /app/list; else exit 1; fi
RUN <<EOF
echo \"first $REVISION\" > /app/said
A=1 && echo \"then $A\" >> /app/said
EOF
RUN cat list said > both
CMD [\"python\", \"app.py\"]
";
    let project = project(dockerfile, &[("app.py", "print(open('both').read())\n")])?;
    compare(&project, &["cat /app/list /app/said /app/both", "python app.py"])
}

#[test]
fn files_that_another_stage_makes() -> Result {
    let dockerfile = "\
FROM python:3.11-slim AS builder
WORKDIR /web
COPY web/ .
RUN mkdir -p dist && tr a-z A-Z < page.txt > dist/index.html

FROM python:3.11-slim
WORKDIR /app
COPY app.py .
COPY --from=builder /web/dist static
VOLUME [\"/data\"]
STOPSIGNAL SIGINT
CMD python app.py
";
    let files = [("app.py", "print('app')\n"), ("web/page.txt", "hello\n")];
    let project = project(dockerfile, &files)?;
    compare(&project, &["cat /app/static/index.html", LISTED])
}

#[test]
fn another_system_with_a_python_of_its_own() -> Result {
    let dockerfile = "\
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
COPY app.py .
USER nobody
CMD [\"python3\", \"app.py\"]
";
    let project = project(dockerfile, &[("app.py", "print('srv')\n")])?;
    compare(&project, &["id -un", "python3 app.py", "ls /srv"])
}

/// `/bin` is a link in Debian's images, and `/tmp` is everybody's.
#[test]
fn files_in_folders_that_the_system_has() -> Result {
    let dockerfile = "\
FROM debian:bookworm-slim AS tools
RUN printf '#!/bin/sh\\necho one\\n' > /one && printf '#!/bin/sh\\necho two\\n' > /two && chmod 755 /one /two

FROM debian:bookworm-slim
COPY --from=tools /one /two /bin/
COPY app.txt note.txt /tmp/
ENV LATER=yes
USER nobody
CMD [\"one\"]
";
    let project = project(dockerfile, &[("app.txt", "app\n"), ("note.txt", "note\n")])?;
    compare(&project, &["readlink /bin; one; two", "stat -c %a /tmp; cat /tmp/app.txt /tmp/note.txt"])
}
