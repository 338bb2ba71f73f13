//! Image lookups, all at the same time. Each image is pinned to the digest that was found.

use std::collections::{BTreeMap, BTreeSet};

use buildkit_llb::{Definition, Image, Metadata, Order, Platform, ResolveMode, State};
use prost::Message;

use crate::emit::BaseImage;
use crate::gateway::bridge::Bridge;
use crate::gateway::build_file::BuildFile;
use crate::gateway::calls::{ImageRequest, ImageStore};
use crate::gateway::errors::FrontendFailure;
use crate::gateway::named::NamedContexts;
use crate::gateway::options::Options;
use crate::gateway::report::{image_failure, location_of};
use crate::plan::Plan;
use crate::reference::ImageReference;

/// The path at which the engine stores the definition of the image that we were started from.
const OWN_IMAGE: &str = "/run/config/buildkit/metadata/frontend.bin";

pub(super) type Images = BTreeMap<ImageReference, BaseImage>;

/// Looks up one image.
pub(super) fn resolve_image(
    bridge: &Bridge,
    options: &Options,
    reference: &ImageReference,
    platform: &Platform,
    file: &BuildFile,
) -> Result<BaseImage, FrontendFailure> {
    let images = look_up(bridge, options, &[(platform, BTreeSet::from([reference]))], file)?;
    let image = images.into_iter().next().and_then(|mut images| images.remove(reference));
    image.ok_or_else(|| {
        FrontendFailure::new(format!("image `{}` was not resolved", reference.familiar()), &[])
    })
}

/// Looks up the images of all plans at the same time and pins them. The answer has the images of each plan's
/// platform, and then the images that always run on the build platform.
pub(super) fn resolve_images(
    bridge: &Bridge,
    options: &Options,
    plans: &[(&Platform, &Plan)],
    build_platform: &Platform,
    file: &BuildFile,
) -> Result<(Vec<Images>, Images), FrontendFailure> {
    let mut wanted: Vec<_> = plans.iter().map(|(platform, plan)| (*platform, plan.images())).collect();
    let here: BTreeSet<_> = plans.iter().flat_map(|(_, plan)| plan.build_images()).collect();
    wanted.push((build_platform, here));
    let mut images = look_up(bridge, options, &wanted, file)?;
    let here = images.pop().unwrap_or_default();
    Ok((images, here))
}

fn look_up(
    bridge: &Bridge,
    options: &Options,
    wanted: &[(&Platform, BTreeSet<&ImageReference>)],
    file: &BuildFile,
) -> Result<Vec<Images>, FrontendFailure> {
    let named = NamedContexts::new(bridge, options)?;
    let mut resolved = Vec::new();
    let mut asked = Vec::new();
    for (at, (platform, wanted)) in wanted.iter().enumerate() {
        let mut images = Images::new();
        for reference in wanted {
            match named.stand_in(&reference.familiar(), platform)? {
                Some(image) => drop(images.insert((*reference).clone(), image)),
                None => asked.push((at, *reference, *platform)),
            }
        }
        resolved.push(images);
    }
    let requests: Vec<_> =
        asked.iter().map(|(_, image, platform)| request(image, platform, options)).collect();
    for ((at, reference, platform), answer) in asked.into_iter().zip(bridge.resolve_images(&requests)) {
        let answer = answer.map_err(|error| image_failure(error, file, reference))?;
        let pinned = answer.pin(reference.clone()).map_err(|error| FrontendFailure::of(&error))?;
        let config = read_config(&answer.config, &pinned.to_string())?;
        let prefix =
            if options.multi_platform { format!("{} base", platform.format()) } else { "base".to_owned() };
        let meta = Metadata::named(format!("[{prefix}] {pinned}")).location(location_of(file, reference));
        let image = Image::new(pinned.to_string()).resolve_mode(options.resolve_mode).platform(platform);
        let state = if is_empty_image(&config) { State::scratch() } else { image.meta(meta).state() };
        if let Some(images) = resolved.get_mut(at) {
            images.insert(reference.clone(), BaseImage { state, config });
        }
    }
    Ok(resolved)
}

/// The config of an image, as the engine returns it.
///
/// # Errors
/// If the config is not JSON. Otherwise the image would silently count as an image without settings and
/// files.
pub(super) fn read_config(bytes: &[u8], image: &str) -> Result<serde_json::Value, FrontendFailure> {
    serde_json::from_slice(bytes).map_err(|error| {
        FrontendFailure::new(format!("the config of image `{image}` cannot be read: {error}"), &[])
    })
}

fn request(image: &ImageReference, platform: &Platform, options: &Options) -> ImageRequest {
    let reference = image.clone().with_default_tag().to_string();
    ImageRequest {
        log_name: format!("[internal] load metadata for {reference}"),
        reference,
        platform: Some(platform.clone()),
        resolve_mode: options.resolve_mode,
        store: ImageStore::Registry,
    }
}

/// Whether an image has no layers. Engines cannot unpack such an image, and leaving it out changes nothing.
fn is_empty_image(config: &serde_json::Value) -> bool {
    let empty = |value: Option<&serde_json::Value>| {
        value.and_then(serde_json::Value::as_array).is_none_or(Vec::is_empty)
    };
    empty(config.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids"))) && empty(config.get("history"))
}

/// Our own image: the one in the engine's description, else the image with the name that we were started by.
///
/// A Docker engine with `userns-remap` stores the description where a container's root user may not read it.
/// `None` if neither way finds an image.
pub(super) fn own_image(bridge: &Bridge, options: &Options, platform: &Platform) -> Option<State> {
    let described = own_definition().and_then(|definition| State::from_definition(&definition).ok());
    described.or_else(|| named_image(bridge, &options.source, platform))
}

fn named_image(bridge: &Bridge, name: &str, platform: &Platform) -> Option<State> {
    let reference = ImageReference::parse(name).ok()?.with_default_tag();
    let request = ImageRequest {
        log_name: format!("[internal] load metadata for {reference}"),
        reference: reference.to_string(),
        platform: Some(platform.clone()),
        // The engine used the same mode when it looked up this image to start us.
        resolve_mode: ResolveMode::Default,
        store: ImageStore::Registry,
    };
    let found = bridge.resolve_images(&[request]).into_iter().next()?.ok()?;
    let pinned = found.pin(reference).ok()?;
    Some(
        Image::new(pinned.to_string())
            .platform(platform)
            .meta(Metadata::named(format!("[internal] {pinned}")))
            .state(),
    )
}

/// The field order that the engine's own client uses. It is detected from the description of our image, which
/// that client wrote. With this order, our source that loads the build file has the digest that the builtin
/// frontend has already solved, so the file is not transferred twice.
pub(super) fn engines_order() -> Order {
    own_definition().map(|definition| definition.order()).unwrap_or_default()
}

fn own_definition() -> Option<Definition> {
    let bytes = std::fs::read(OWN_IMAGE).ok()?;
    let message = buildkit_proto::pb::Definition::decode(bytes.as_slice()).ok()?;
    Definition::from_pb(message).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{is_empty_image, read_config};

    #[test]
    fn a_config_that_is_none_does_not_pass_for_that_of_an_empty_image() {
        let failure = read_config(b"arm64", "x:1").expect_err("no JSON");
        let told = "the config of image `x:1` cannot be read: expected value at line 1 column 1";
        assert_eq!(failure.message(), told);
    }

    #[test]
    fn an_image_without_layers_is_nothing_at_all() {
        assert!(is_empty_image(&json!({ "config": {}, "rootfs": { "type": "layers", "diff_ids": [] } })));
        assert!(is_empty_image(&json!({})));
        assert!(!is_empty_image(&json!({ "rootfs": { "diff_ids": ["sha256:00"] } })));
        // An image with a history is kept, even without layers.
        assert!(!is_empty_image(&json!({ "history": [{ "created_by": "x" }] })));
    }
}
