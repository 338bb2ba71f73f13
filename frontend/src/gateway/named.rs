//! Named contexts (`--build-context NAME=…`). They replace images and stages that the file names.

use std::collections::BTreeMap;

use base64::Engine as _;
use buildkit_llb::{Definition, Differ, Http, Image, Local, Metadata, OciLayout, Platform, State};
use serde_json::Value;

use crate::emit::BaseImage;
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::solve;
use crate::gateway::calls::{ImageRequest, ImageStore, ResolvedImage};
use crate::gateway::errors::FrontendFailure;
use crate::gateway::images::read_config;
use crate::gateway::named_context::NamedSource;
use crate::gateway::options::{NamedContextOption, Options};
use crate::ignore::Patterns;
use crate::reference::ImageReference;

/// The key of an image config in the metadata of an input.
pub(super) const CONFIG: &str = "containerimage.config";

/// The named contexts of a build.
pub(super) struct NamedContexts<'a> {
    bridge: &'a Bridge,
    options: &'a Options,
    inputs: BTreeMap<String, Vec<u8>>,
}

impl<'a> NamedContexts<'a> {
    /// The named contexts that the client passes.
    ///
    /// # Errors
    /// If the engine cannot list the inputs of the build.
    pub(super) fn new(bridge: &'a Bridge, options: &'a Options) -> Result<Self, FrontendFailure> {
        let inputs = if options.named_contexts.is_empty() { BTreeMap::new() } else { bridge.inputs()? };
        Ok(Self { bridge, options, inputs })
    }

    /// The named context that replaces the image or stage `name`, if there is one.
    ///
    /// # Errors
    /// If the context is malformed or cannot be looked up.
    pub(super) fn stand_in(
        &self,
        name: &str,
        platform: &Platform,
    ) -> Result<Option<BaseImage>, FrontendFailure> {
        let Some(found) = self.options.named_context(name, platform) else { return Ok(None) };
        let source =
            NamedSource::parse(&found.key, found.value).map_err(|error| FrontendFailure::of(&error))?;
        let title = |what: &str| Metadata::named(format!("[context {}] {what}", found.key));
        let files = |state: State| Ok(Some(BaseImage { state, config: Value::Null }));
        match source {
            NamedSource::Scratch => files(State::scratch()),
            NamedSource::Image(reference) => self.image(&found, &reference, platform).map(Some),
            NamedSource::Git(git) => files(git.to_llb(self.options).meta(title(found.value)).state()),
            NamedSource::Http { url } => {
                files(Http::new(url).filename("context").meta(title(found.value)).state())
            }
            NamedSource::OciLayout { store_id, digest } => {
                self.oci_layout(&found, &store_id, &digest, platform).map(Some)
            }
            NamedSource::Local { name } => files(self.local(&found, &name)?),
            NamedSource::Input { name } => self.input(&name).map(Some),
        }
    }

    fn image(
        &self,
        found: &NamedContextOption<'_>,
        reference: &ImageReference,
        platform: &Platform,
    ) -> Result<BaseImage, FrontendFailure> {
        let name = reference.to_string();
        let answer = self.resolve(found, &name, platform, ImageStore::Registry)?;
        let pinned = answer.pin(reference.clone()).map_err(|error| FrontendFailure::of(&error))?;
        let state = Image::new(pinned.to_string())
            .resolve_mode(self.options.resolve_mode)
            .platform(platform)
            .meta(Metadata::named(format!("[context {}] {name}", found.key)))
            .state();
        Ok(BaseImage { state, config: config_of(&answer.config, &name)? })
    }

    fn oci_layout(
        &self,
        found: &NamedContextOption<'_>,
        store: &str,
        digest: &str,
        platform: &Platform,
    ) -> Result<BaseImage, FrontendFailure> {
        let session = self.options.session_of(store);
        // The name has no meaning for the store, but engines require one.
        let name = ImageReference::parse(found.key.split("::").next().unwrap_or_default());
        let name = name.map_err(|error| FrontendFailure::of(&error))?.name();
        let reference = format!("{name}@{digest}");
        let at = ImageStore::OciLayout { session_id: session.to_owned(), store_id: store.to_owned() };
        let answer = self.resolve(found, &reference, platform, at)?;
        let state = OciLayout::new(&reference)
            .session_id(session)
            .store_id(store)
            .platform(platform)
            .meta(Metadata::named(format!("[context {}] OCI load from client", found.key)))
            .state();
        Ok(BaseImage { state, config: config_of(&answer.config, &reference)? })
    }

    fn resolve(
        &self,
        found: &NamedContextOption<'_>,
        reference: &str,
        platform: &Platform,
        store: ImageStore,
    ) -> Result<ResolvedImage, FrontendFailure> {
        let request = ImageRequest {
            reference: reference.to_owned(),
            platform: Some(platform.clone()),
            resolve_mode: self.options.resolve_mode,
            log_name: format!("[context {}] load metadata for {reference}", found.key),
            store,
        };
        let answer = self.bridge.resolve_images(&[request]).into_iter().next();
        let answer = answer.ok_or_else(|| FrontendFailure::new("an image lookup got lost", &[]))?;
        Ok(answer?)
    }

    /// A folder of the client, without the files that its own `.dockerignore` excludes.
    fn local(&self, found: &NamedContextOption<'_>, name: &str) -> Result<State, FrontendFailure> {
        let session = self.options.session_of(name);
        let rules = Local::new(name)
            .session_id(session)
            .follow_paths([".dockerignore"])
            .shared_key_hint(format!("context:{}-.dockerignore", found.key))
            .differ(Differ::None)
            .meta(Metadata::named(format!("[context {}] load .dockerignore", found.key)))
            .state();
        let reference = solve(self.bridge, &rules.marshal())?;
        let text = self.bridge.try_read_file(&reference, ".dockerignore")?.unwrap_or_default();
        let rules = Patterns::parse(&String::from_utf8_lossy(&text));
        let rules = rules.map_err(|error| FrontendFailure::of(&error))?.to_strings();
        let mut local = Local::new(name)
            .session_id(session)
            .shared_key_hint(format!("context:{}-{}", found.key, found.shared_key))
            .meta(Metadata::named(format!("[context {}] load from client", found.key)));
        if !rules.is_empty() {
            local = local.exclude_patterns(rules);
        }
        Ok(local.state())
    }

    /// A state that the client passes in, such as another target of a bake file, with its image config.
    fn input(&self, name: &str) -> Result<BaseImage, FrontendFailure> {
        let definition = self.inputs.get(name);
        let missing = || FrontendFailure::new(format!("the client passed no input `{name}`"), &[]);
        let definition = Definition::decode(definition.ok_or_else(missing)?);
        let definition = definition.map_err(|error| FrontendFailure::of(&error))?;
        let state = State::from_definition(&definition).map_err(|error| FrontendFailure::of(&error))?;
        let unreadable = |error: &dyn std::error::Error| {
            FrontendFailure::new(format!("the metadata of the input `{name}` cannot be read: {error}"), &[])
        };
        let metadata = self.options.input_metadata.get(name).map_or("{}", String::as_str);
        let metadata: BTreeMap<String, String> =
            serde_json::from_str(metadata).map_err(|error| unreadable(&error))?;
        let Some(text) = metadata.get(CONFIG) else { return Ok(BaseImage { state, config: Value::Null }) };
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        let bytes = bytes.map_err(|error| unreadable(&error))?;
        Ok(BaseImage { state, config: config_of(&bytes, name)? })
    }
}

/// The inherited config of an image. The time of its creation is not inherited.
pub(super) fn config_of(bytes: &[u8], image: &str) -> Result<Value, FrontendFailure> {
    let mut config = read_config(bytes, image)?;
    if let Some(config) = config.as_object_mut() {
        config.remove("created");
    }
    Ok(config)
}
