# Both images in one build: docker buildx bake --load
group "default" {
  targets = ["shop", "report"]
}

target "shop" {
  dockerfile = "shop.toml"
  tags       = ["shop"]
}

target "report" {
  dockerfile = "report.toml"
  tags       = ["report"]
}
