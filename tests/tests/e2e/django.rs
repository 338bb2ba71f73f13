//! Tests `examples/django` against its README.

use pybuild_tests::project::nonce;
use pybuild_tests::{Build, Compose, Container, Project, Request, Result};

/// Not a secret: the key of containers that live for a moment.
const KEY: &str = "0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// As it comes through a proxy that ends TLS.
fn secure(request: Request) -> Request {
    request.header("X-Forwarded-Proto", "https")
}

#[test]
fn entries_and_sessions_live_in_postgres() -> Result {
    let project = Project::example("django")?;
    let compose = Compose::of(&project)?.with("DJANGO_SECRET_KEY", KEY);
    // `--wait`: the migrations have run, and the health check of `web` has passed.
    compose.succeed(&["up", "--build", "--detach", "--wait"])?;
    let ask = |request: Request| compose.ask("web", 8000, &secure(request));

    let first = ask(Request::get("/"))?;
    assert!(first.body.contains("your visit 1."), "{}", first.body);
    let token = first.cookie("csrftoken").expect("a token").to_owned();
    let session = first.cookie("sessionid").expect("a session").to_owned();
    let cookies = format!("{token}; {session}");
    let (_, token) = token.split_once('=').expect("a value");
    let form = format!("csrfmiddlewaretoken={token}&name=Ada&text=Hello");
    let entry = Request::post("/", "application/x-www-form-urlencoded", &form);
    let written = ask(entry.header("Cookie", &cookies).header("Referer", "https://localhost/"))?;
    assert_eq!((written.status, written.header("location")), (302, Some("/")));

    // Other containers of the same image know the visitor and the entry.
    compose.succeed(&["up", "--detach", "--wait", "--force-recreate", "--no-deps", "web"])?;
    let second = ask(Request::get("/").header("Cookie", &cookies))?;
    assert!(second.body.contains("your visit 2."), "{}", second.body);
    assert!(second.body.contains("<li>Ada: Hello</li>"), "{}", second.body);
    let health = compose.ask("web", 8000, &Request::get("/health"))?;
    assert_eq!(health.json()?, serde_json::json!({ "status": "healthy", "entries": 1 }));
    assert_eq!(compose.ask("web", 8000, &Request::get("/"))?.status, 301, "plain http is redirected");

    // The page names what npm has built, by a name with a hash in it.
    let link = second.body.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a link");
    assert!(link.starts_with("/static/style.") && link != "/static/style.css", "{link}");
    let style = ask(Request::get(link))?;
    assert!(style.body.starts_with(":root{--ink:"), "{}", style.body);
    assert_eq!(style.header("cache-control"), Some("max-age=315360000, public, immutable"));

    // Without its database, the image says so: the health check and the command for migrations.
    compose.succeed(&["stop", "db"])?;
    let check = ["exec", "--no-TTY", "web", "python", "manage.py", "check", "--database", "default"];
    let migrate = ["run", "--rm", "--no-deps", "migrate"];
    for command in [&check[..], &migrate] {
        let finished = compose.run(command)?;
        assert!(!finished.status.success());
        assert!(finished.stderr.contains("the database does not answer: "), "{}", finished.stderr);
        assert!(
            finished.stderr.contains("do PGHOST, PGUSER and PGPASSWORD lead to it?"),
            "{}",
            finished.stderr
        );
    }
    Ok(())
}

#[test]
fn production_has_libpq_and_the_static_files_but_nothing_that_made_them() -> Result {
    let outcome = Build::of(&Project::example("django")?).load().succeed()?;
    let image = outcome.image()?;

    let implementation = image.prints(&["python", "-c", "import psycopg; print(psycopg.pq.__impl__)"])?;
    assert_eq!(implementation, "c", "psycopg was not compiled");
    assert_eq!(image.prints(&["id", "-un"])?, "django");
    let files = image.files()?;
    assert!(files.contains("app/staticfiles/staticfiles.json"), "no static files");
    assert!(files.iter().any(|path| path.contains("/libpq.so.5")), "no libpq");
    let unwanted = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or_default();
        matches!(name, "gcc" | "cc1" | "node" | "npm" | "libpq-fe.h" | "package.json")
            || path.starts_with("app/assets/")
            || path.starts_with("app/dist/")
            || path.contains("node_modules")
    };
    assert_eq!(files.iter().filter(unwanted).collect::<Vec<_>>(), Vec::<&String>::new());

    // Nobody gave it a key, so it does not start: better than one that everybody knows.
    let started = image.run(&["python", "manage.py", "check"])?;
    assert!(
        !started.status.success() && started.stderr.contains("DJANGO_SECRET_KEY is not set"),
        "{started:?}"
    );
    Ok(())
}

#[test]
fn the_development_server_has_a_database_to_begin_with() -> Result {
    let outcome = Build::of(&Project::example("django")?).target("dev").load().succeed()?;
    let container = Container::start(outcome.image()?, 8000)?;
    let page = container.get(8000, "/")?;
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("your visit 1."), "{}", page.body);
    Ok(())
}

#[test]
fn a_change_of_the_assets_runs_npm_alone() -> Result {
    let project = Project::example("django")?;
    Build::of(&project).succeed()?;
    project.append("assets/style.css", &format!("\n.n{} {{\n  margin: 0;\n}}\n", nonce()))?;
    let outcome = Build::of(&project).succeed()?;

    assert!(outcome.ran("[assets] run: npm run build")? && outcome.ran("[static] run: ")?);
    for cached in ["[assets] run: npm ci", "build: psycopg-c", "unpack: "] {
        assert!(!outcome.ran(cached)?, "{cached} ran again\n{}", outcome.transcript());
    }
    Ok(())
}

#[test]
fn unsafe_settings_keep_production_from_coming_out() -> Result {
    let project = Project::example("django")?;
    project.replace(
        "config/settings.py",
        "SECURE_SSL_REDIRECT = not DEBUG",
        "SECURE_SSL_REDIRECT = False",
    )?;
    project.append("manage.py", &format!("# {}\n", nonce()))?;
    let outcome = Build::of(&project).fail()?;

    let log = outcome.progress.log_of(outcome.step("check: deploy")?);
    assert!(log.contains("(security.W008)"), "{log}");
    assert!(outcome.errors.contains("pybuild.toml:"), "{}", outcome.errors);
    Ok(())
}

#[test]
fn assets_that_cannot_be_built_are_blamed_and_leave_other_stages_alone() -> Result {
    let project = Project::example("django")?;
    project.append("assets/main.js", &format!("import \"./missing-{}.js\";\n", nonce()))?;
    let outcome = Build::of(&project).fail()?;

    let log = outcome.progress.log_of(outcome.step("[assets] run: npm run build")?);
    assert!(log.contains("Could not resolve \"./missing-"), "{log}");
    assert!(outcome.errors.contains("run = \"npm run build\""), "{}", outcome.errors);
    Build::of(&project).target("dev").succeed()?;
    Build::of(&project).target("test").succeed()?;
    Ok(())
}
