# syntax=docker/dockerfile:1

# One static binary on an empty file system, for x86-64 and ARM64:
#
#   docker build -t loghub-shipper .
#   docker run --rm loghub-shipper demo
#   docker run -e access_key_id=... -e access_key_secret=... -e loghub='{...}' -e tablestore='{...}' loghub-shipper
#
# Give `docker stop` and its kin more time than the setting shutdown_grace: `docker stop -t 30`.
#
# A binary that is built already (static, named loghub-shipper, in the directory DIR) takes the place of the first
# stage, and then nothing is pulled:
#
#   docker build --build-context build=DIR -t loghub-shipper .

ARG RUST=1-slim-bookworm

FROM rust:${RUST} AS build
WORKDIR /src

# glibc is linked in; names are resolved in Rust, so nothing of it is missed at run time. The target is spelled out
# below because these flags are not for build scripts and macros, which run here.
ENV RUSTFLAGS="-C target-feature=+crt-static"

# The dependencies in a layer of their own, which lasts until the lock file changes. Benches and examples are here because
# Cargo.toml names them; they are not built.
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY tests/processes tests/processes
COPY tests/simulation tests/simulation
RUN mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked --target "$(rustc --print host-tuple)"

# The files may be older than what was built in their place, and cargo goes by that.
COPY src src
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked --target "$(rustc --print host-tuple)" \
    && cp target/*-linux-gnu/release/loghub-shipper /loghub-shipper \
    && if readelf --program-headers /loghub-shipper | grep INTERP; then echo 'not static' >&2; exit 1; fi

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="loghub-shipper" \
      org.opencontainers.image.description="Ships logs from Alibaba Cloud Log Service (SLS) into Table Store (OTS), losing nothing" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /loghub-shipper /loghub-shipper
# A number, so that Kubernetes can see that it is not root.
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["/loghub-shipper"]
CMD ["run"]
