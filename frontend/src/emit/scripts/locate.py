"""Finds the files of locked packages on the indexes that /run/pybuild/question.json names, and writes their addresses.

An index is asked with the simple repository API, as JSON (PEP 691) or else as HTML (PEP 503). Only files whose hash is
locked are written, so it does not matter for the content which index has a file.
"""

import ast
import base64
import hashlib
import html.parser
import http.client
import json
import netrc
import os
import re
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from concurrent.futures import ThreadPoolExecutor

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"
BUNDLES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
FOLDERS = "/run/pybuild/links"
TRIES = 4
TIMEOUT = 60
# A server that sends for ever must not fill the memory.
LARGEST_PAGE = 128 << 20
LARGEST_FILE = 16 << 30
# In seconds, for one answer.
LONGEST = 3600


class Unreachable(Exception):
    """An index that gave no answer: another build may get one."""


class Refused(Exception):
    """An index that gave an answer, and the answer is no list of files."""


class Links(html.parser.HTMLParser):
    """The links of a page, and the address that they are relative to."""

    def __init__(self, address):
        super().__init__()
        self.base = address
        self.found = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        href = attributes.get("href")
        if not href:
            return
        if tag == "base":
            self.base = urllib.parse.urljoin(self.base, href)
        elif tag == "a":
            is_yanked = attributes.get("data-yanked") is not None
            self.found.append((href, attributes.get("data-requires-python"), is_yanked))


def pip_options():
    """What pip is set up with: its own files and variables."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        universal_newlines=True,
    )
    options = {}
    # From the weakest to the strongest, as pip has them.
    for section in ["global", "install", ":env:"]:
        for line in listed.stdout.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(section + "."):
                try:
                    options[key[len(section) + 1 :]] = str(ast.literal_eval(value))
                except (SyntaxError, ValueError):
                    pass
    return options


def default_index(options):
    for named in [os.environ.get("UV_DEFAULT_INDEX"), os.environ.get("UV_INDEX_URL"), options.get("index-url")]:
        if named:
            return named
    try:
        from pip._internal.models.index import PyPI

        return PyPI.simple_url
    except Exception:
        sys.exit(
            "pybuild: this base image has no pip that says which index is the usual one;"
            " set [dependencies.index] url, or [python] build-base"
        )


def certificates(options):
    context = ssl.create_default_context()
    # Some companies' certificates lack what Python asks for since 3.13, and other tools take them.
    context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
    for path in [os.environ.get("SSL_CERT_FILE"), options.get("cert")] + BUNDLES:
        if path and os.path.exists(path):
            context.load_verify_locations(path)
            return context
    if not context.cert_store_stats()["x509_ca"]:
        try:
            from pip._vendor import certifi

            context.load_verify_locations(certifi.where())
        except Exception:
            pass
    return context


class Credentials:
    """User names and passwords, by host."""

    def __init__(self):
        self.own = {}
        self.file = None
        path = os.environ.get("NETRC")
        if path and os.path.exists(path):
            try:
                self.file = netrc.netrc(path)
            except netrc.NetrcParseError as error:
                sys.exit(f"pybuild: the secret of [dependencies.index] netrc cannot be read: {error.msg}")

    def without(self, address):
        """An address without its user name and password, which are kept for its host."""
        parts = urllib.parse.urlsplit(address)
        user, at, host = parts.netloc.rpartition("@")
        if at:
            name, _, password = user.partition(":")
            self.own[parts.scheme, host] = (urllib.parse.unquote(name), urllib.parse.unquote(password))
        return urllib.parse.urlunsplit(parts._replace(netloc=host))

    def add_to(self, request):
        parts = urllib.parse.urlsplit(request.full_url)
        known = self.own.get((parts.scheme, parts.netloc))
        if known is None and self.file is not None:
            entry = self.file.authenticators(parts.hostname or "")
            known = entry and (entry[0] or "", entry[2] or "")
        if known:
            token = base64.b64encode(":".join(known).encode()).decode()
            # Such a header does not follow to where an answer leads.
            request.add_unredirected_header("Authorization", "Basic " + token)


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows to other addresses, with the credentials of the host that is asked next."""

    def __init__(self, credentials):
        self.credentials = credentials

    def redirect_request(self, request, *rest):
        made = super().redirect_request(request, *rest)
        is_weaker = made and request.full_url.startswith("https:") and not made.full_url.startswith("https:")
        if made and not is_weaker:
            self.credentials.add_to(made)
        return made


class Asker:
    """Reads pages."""

    def __init__(self, options):
        self.credentials = Credentials()
        self.opener = urllib.request.build_opener(
            Redirects(self.credentials), urllib.request.HTTPSHandler(context=certificates(options))
        )

    def page(self, address):
        """The files of a page: name, address, hashes, size and time."""
        for turn in range(TRIES):
            try:
                return self.read(address)
            except Unreachable:
                if turn + 1 == TRIES:
                    raise
                time.sleep(2**turn)

    def read(self, address):
        body = bytearray()
        final, headers = self.get(address, {"Accept": ACCEPT, "Accept-Encoding": "gzip"}, LARGEST_PAGE, body.extend)
        text = body.decode("utf-8", "replace")
        reader = of_json if headers.get_content_type().endswith("json") else of_html
        try:
            return list(reader(text, final))
        except (AttributeError, KeyError, TypeError, ValueError):
            raise Refused("its answer is no list of files")

    def get(self, address, headers, largest, take):
        """Gives the parts of an answer to `take`, and returns where the answer came from and its headers."""
        request = urllib.request.Request(address, headers=dict(headers, **{"User-Agent": "pybuild"}))
        self.credentials.add_to(request)
        try:
            with self.opener.open(request, timeout=TIMEOUT) as answer:
                for part in parts_of(answer, largest):
                    take(part)
                return answer.geturl(), answer.headers
        except urllib.error.HTTPError as error:
            told = f"{error.code} {error.reason}".strip().split("\n")[0]
            if error.code == 429 or error.code >= 500:
                raise Unreachable(told)
            raise Refused(told)
        except Refused:
            raise
        except (http.client.IncompleteRead, EOFError):
            raise Unreachable("its answer ended early")
        except (OSError, ValueError) as error:
            raise Unreachable(str(getattr(error, "reason", error)))
        except Exception as error:
            raise Unreachable(f"{type(error).__name__}: {error}")


def parts_of(answer, largest):
    """The parts of an answer as they come, unpacked."""
    start = time.monotonic()
    unpacker = zlib.decompressobj(31) if answer.headers.get("Content-Encoding") == "gzip" else None
    size = 0
    while True:
        packed = answer.read(1 << 20)
        if time.monotonic() - start > LONGEST:
            raise Refused("its answer does not end")
        is_last = not packed
        while True:
            try:
                part = unpacker.decompress(packed, 1 << 20) if unpacker else packed
            except zlib.error:
                raise Refused("its answer is damaged")
            size += len(part)
            if size > largest:
                raise Refused(f"its answer is larger than {largest >> 20} MiB")
            if part:
                yield part
            if unpacker and unpacker.eof:
                return
            packed = unpacker.unconsumed_tail if unpacker else b""
            if not packed:
                break
        if is_last:
            # Python tells an answer of a wrong length only where the whole is read at once.
            if getattr(answer, "length", None) or unpacker:
                raise EOFError
            return


class Hashes:
    """The hashes of a file whose index says none, taken while the file comes."""

    def __init__(self, algorithms):
        self.known = {name: hashlib.new(name) for name in {"sha256", "sha384", "sha512"} & algorithms}

    def take(self, part):
        for known in self.known.values():
            known.update(part)

    def told(self):
        return {name: known.hexdigest() for name, known in self.known.items()}


def of_json(text, address):
    for file in json.loads(text)["files"]:
        url = urllib.parse.urljoin(address, file["url"])
        entry = {"file": str(file["filename"]), "url": url, "hashes": dict(file.get("hashes") or {})}
        for ours, theirs in [("size", "size"), ("uploaded", "upload-time"), ("python", "requires-python")]:
            if file.get(theirs) is not None:
                entry[ours] = file[theirs]
        # The reason stands for `true` (PEP 691).
        if file.get("yanked"):
            entry["yanked"] = True
        yield entry


def of_html(text, address):
    page = Links(address)
    page.feed(text)
    for link, python, is_yanked in page.found:
        url, _, fragment = urllib.parse.urljoin(page.base, link).partition("#")
        name = urllib.parse.unquote(urllib.parse.urlsplit(url).path.rsplit("/", 1)[-1])
        algorithm, _, digest = fragment.partition("=")
        entry = {"file": name, "url": url, "hashes": {}}
        if re.fullmatch("sha(256|384|512)", algorithm) and digest:
            entry["hashes"][algorithm] = digest.partition("&")[0]
        if python:
            entry["python"] = python
        if is_yanked:
            entry["yanked"] = True
        yield entry


def of_folder(number):
    """A folder of the project."""
    for name in sorted(os.listdir(f"{FOLDERS}/{number}")):
        yield {"file": name, "folder": number, "hashes": {}}


class Locator:
    def __init__(self, question):
        self.packages = question["packages"]
        options = pip_options()
        self.asker = Asker(options)
        self.indexes = []
        for index in question["indexes"]:
            if index["kind"] == "default":
                index = {"kind": "index", "url": default_index(options)}
            if "url" in index:
                index["url"] = self.asker.credentials.without(index["url"])
            self.indexes.append(index)
        self.pages = {}

    def files(self, number, name):
        index = self.indexes[number]
        if index["kind"] == "folder":
            return list(of_folder(number))
        if index["kind"] == "links":
            return self.asker.page(index["url"])
        return self.asker.page(index["url"].rstrip("/") + f"/{name}/")

    def hashes(self, file, algorithms):
        hashes = Hashes(algorithms)
        if "folder" in file:
            with open(f"{FOLDERS}/{file['folder']}/{file['file']}", "rb") as content:
                for part in iter(lambda: content.read(1 << 20), b""):
                    hashes.take(part)
        else:
            self.asker.get(file["url"], {}, LARGEST_FILE, hashes.take)
        return hashes.told()

    def locate(self, package):
        """The locked files of a package, and why an index has none."""
        wanted = set(package["hashes"])
        algorithms = {one.partition(":")[0] for one in wanted}
        found, reasons = {}, []
        for number in package["indexes"]:
            shown = self.indexes[number].get("url") or self.indexes[number]["path"]
            try:
                files = self.files(number, package["name"])
            except (Refused, Unreachable) as error:
                reasons.append((shown, str(error), isinstance(error, Unreachable)))
                continue
            others = 0
            for file in files:
                if not algorithms & set(file["hashes"]) and is_of(file["file"], package):
                    try:
                        file["hashes"] = self.hashes(file, algorithms)
                    except (Refused, Unreachable) as error:
                        reasons.append((file["url"], str(error), isinstance(error, Unreachable)))
                known = {f"{name}:{digest.lower()[:16]}" for name, digest in file["hashes"].items()}
                if wanted & known:
                    wanted -= known
                    found.setdefault((file["file"], tuple(sorted(known))), file)
                else:
                    others += 1
            if not wanted:
                break
            if not found:
                reasons.append((shown, f"none of its {others} files has a locked hash", False))
        # What the one index has is no whole answer as long as another index, which may have the rest, gives none.
        is_open = bool(wanted) and any(is_unreachable for _, _, is_unreachable in reasons)
        return [] if is_open else list(found.values()), reasons


def is_of(file, package):
    """Whether the name of a file begins with the package's name and has its version."""
    name = re.sub("[-_.]+", "-", file).lower()
    version = re.escape(re.sub("[-_.]+", "-", package["version"]).lower())
    return re.match(re.escape(package["name"]) + "-" + version + "-", name) is not None


def main():
    with open("/run/pybuild/question.json") as file:
        question = json.load(file)
    locator = Locator(question)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(locator.locate, question["packages"]))
    failed, is_unreachable, needs_login = False, False, False
    for package, (files, reasons) in zip(question["packages"], answers):
        if files:
            continue
        failed = True
        print(f"pybuild: no index has a locked file of {package['name']} {package['version']}:", file=sys.stderr)
        for shown, reason, is_open in reasons:
            print(f"    {shown}: {reason}", file=sys.stderr)
            is_unreachable |= is_open
            needs_login |= reason.startswith(("401", "403"))
    if needs_login:
        print(
            "pybuild: pass a user name and password as the build secret that [dependencies.index] netrc names",
            file=sys.stderr,
        )
    if is_unreachable:
        print("pybuild: build again later; if that changes nothing, ask who runs the index", file=sys.stderr)
    elif failed and not needs_login:
        print("pybuild: lock again, or name an index that has it: [dependencies.index]", file=sys.stderr)
    if failed:
        sys.exit(2 if is_unreachable else 1)
    answer = {package["name"]: files for package, (files, _) in zip(question["packages"], answers)}
    with open(os.environ["PYBUILD_ANSWER"], "w") as file:
        json.dump(answer, file, indent=1, sort_keys=True)
        file.write("\n")


main()
