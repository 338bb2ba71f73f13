//! Health checks of apps. They run with the image's own Python, because slim images have no curl.

use super::code::Module;
use super::draft::{Command, Health};

/// Usual paths of health pages.
const PAGES: [&str; 7] = ["/health", "/healthz", "/healthcheck", "/livez", "/live", "/ping", "/status"];

/// Middleware that answers local requests differently from external ones.
const IN_BETWEEN: [&str; 3] = ["TrustedHostMiddleware", "HTTPSRedirectMiddleware", "Talisman"];

impl Health {
    /// A check that the port is open. It is the only possible check of an app without a known health page.
    pub(super) fn of_port(port: &str) -> Self {
        let code = format!("import socket; socket.create_connection(('127.0.0.1', {port}), 3).close()");
        let note = "Whether the port is open. A page that tells whether the app is well would tell more.";
        Self { note: Some(note.to_owned()), command: Some(python(&code)), times: Vec::new() }
    }

    /// A check of a page.
    pub(super) fn of_page(port: &str, path: &str) -> Self {
        let code = format!("from urllib.request import urlopen; urlopen('http://127.0.0.1:{port}{path}')");
        Self { note: None, command: Some(python(&code)), times: Vec::new() }
    }

    /// The best check for an app whose object of `class` is made by this module.
    pub(super) fn of_app(port: &str, module: &Module, class: &str) -> Self {
        match page(module, class) {
            Some(path) => Self::of_page(port, path),
            None => Self::of_port(port),
        }
    }
}

fn python(code: &str) -> Command {
    Command::list(&["python", "-c", code])
}

/// The health page that the module itself adds to its app, as in `@app.get("/health")`. A page of a router
/// may be below another path.
fn page<'m>(module: &'m Module, class: &str) -> Option<&'m str> {
    let text = &module.text;
    if IN_BETWEEN.iter().any(|name| text.contains(name)) {
        return None;
    }
    let makes = |name: &str| {
        text.lines().any(|line| {
            let Some((left, right)) = line.split_once('=') else { return false };
            let variable = left.split(':').next().unwrap_or(left).trim();
            variable == name && right.contains(&format!("{class}("))
        })
    };
    text.lines().find_map(|line| {
        let (decorated, rest) = line.trim_start().strip_prefix('@')?.split_once('(')?;
        let (name, method) = decorated.split_once('.')?;
        let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let path = rest.get(1..)?.split(quote).next()?;
        let is_page = PAGES.contains(&path.strip_suffix('/').unwrap_or(path));
        let is_read = method == "get" || (method == "route" && !rest.contains("methods"));
        (is_page && is_read && makes(name)).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_counts_where_the_app_itself_has_it() {
        let of = |text: &str| {
            let module = Module {
                path: "app.py".to_owned(),
                name: "app".to_owned(),
                root: String::new(),
                text: text.to_owned(),
            };
            page(&module, "FastAPI").map(str::to_owned)
        };
        let app = "app: FastAPI = fastapi.FastAPI()\n";
        assert_eq!(of(&format!("{app}@app.get(\"/health\", tags=[])\n")).as_deref(), Some("/health"));
        assert_eq!(of(&format!("{app}@app.get('/healthz/')\n")).as_deref(), Some("/healthz/"));
        assert_eq!(of(&format!("{app}@app.get(\"/\")\n")), None);
        assert_eq!(of(&format!("{app}@app.post(\"/ping\")\n")), None);
        assert_eq!(of(&format!("{app}@router.get(\"/health\")\n")), None);
        assert_eq!(
            of(&format!("{app}app.add_middleware(TrustedHostMiddleware)\n@app.get(\"/health\")\n")),
            None
        );
        let inside = "def make():\n    app = FastAPI()\n\n    @app.get(\"/ping\")\n    def ping(): ...\n";
        assert_eq!(of(inside).as_deref(), Some("/ping"));
    }
}
