//! The command line, copied from the frontend image as a user would do, and the build definitions that it
//! makes for an engine.

use pybuild_tests::project::temporary_folder;
use pybuild_tests::{Build, Image, Project, Result, pybuild};

/// A project with a dependency, a check and every setting that is its image's own.
fn project() -> Result<Project> {
    let file = "# syntax=localhost:5000/pybuild:dev\n\
                python.version = \"3.11\"\n\
                app.writable = [\"/app/data\"]\n\
                [stage.test]\n\
                checks.import = \"python -c 'import app, idna'\"\n\
                [stage.production]\n\
                command = [\"python\", \"app.py\"]\n\
                env.PRICE = \"$5 \\\"each\\\"\"\n\
                labels.\"org.example.team\" = \"shop\"\n\
                expose = [8000, \"53/udp\"]\n\
                healthcheck = { command = \"true\", interval = \"30s\", retries = 2 }\n\
                volumes = [\"/srv/files\"]\n\
                stop-signal = \"SIGINT\"\n\
                run = \"echo made > /made\"\n\
                requires = [\"test\"]\n";
    let files = [
        ("pybuild.toml", file),
        ("requirements.txt", "idna==3.10\n"),
        ("app.py", "import idna\n"),
        ("lib/deep.py", ""),
        (".dockerignore", ".git\n"),
    ];
    Project::with(&files)
}

/// What of an image is the same however it was made: names of all files of the environment and the app, with
/// their content where no installer writes it.
fn content(image: &Image) -> Result<String> {
    let script = "cd / && find app venv/lib home srv made -not -path '*.dist-info*' | sort; \
                  find app venv/lib made -type f -not -path '*.dist-info*' -not -name '*.pyc' | sort | xargs sha256sum; \
                  cat /etc/passwd /etc/group; ls -ld /app /app/data /srv/files /home/app | awk '{ print $1, $3, $4, $9 }'";
    image.prints(&["sh", "-c", script])
}

#[test]
fn an_ejected_dockerfile_makes_the_same_image() -> Result {
    let project = project()?;
    // The engine's own Dockerfile frontend: it has no other to pull.
    let text = pybuild(&project, &["eject"])?;
    let text = text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let ours = Build::of(&project).load().succeed()?;
    project.write("Dockerfile", &text)?;
    project.write("Dockerfile.dockerignore", "Dockerfile*\n")?;
    let ejected = Build::of(&project).file("Dockerfile").load().succeed()?;
    let (ours, ejected) = (ours.image()?, ejected.image()?);
    assert_eq!(content(ejected)?, content(ours)?);
    assert_eq!(ejected.config()?, ours.config()?);
    Ok(())
}

#[test]
fn a_graph_is_drawn_by_the_engine_as_well() -> Result {
    let project = project()?;
    let folder = temporary_folder()?;
    let output = format!("type=local,dest={}", folder.path().display());
    Build::of(&project).target("debug:graph").output(&output).succeed()?;
    let svg = std::fs::read_to_string(folder.path().join("graph.svg")).unwrap_or_default();
    assert!(svg.contains("check: import"), "{svg}");
    Ok(())
}
