#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing for `npm start` or `npm test` and says what it does.
# Usage: setup.sh start|test. Looks only, and is quick, when all is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
goal=${1:-start}

say() { printf 'setup: %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }

has_browser() {
	[ -n "${CHROMIUM:-}" ] || has chromium || has chromium-browser || has google-chrome || has google-chrome-stable ||
		[ -d "/Applications/Chromium.app" ] || [ -d "/Applications/Google Chrome.app" ] ||
		compgen -G "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}/chromium-*" >/dev/null
}

# Names of what is missing; each is a key of package_name.
missing() {
	has emcc || echo emscripten
	has make || echo make
	[ "$goal" = test ] || return 0
	has gcc || echo gcc
	# libc's headers are no dependency of gcc; Zydis and libipt are decoders the C tests
	# and the bench compare with. Only apt systems are asked for them.
	if has apt-get; then
		[ -e /usr/include/stdio.h ] || echo libc6-dev
		[ -e /usr/include/Zydis/Zydis.h ] || echo libzydis-dev
		[ -e /usr/include/intel-pt.h ] || echo libipt-dev
	fi
	has_browser || echo chromium
}

# The line that installs the packages "$@" on a system without apt-get.
instruction() {
	local all="$*"
	if has dnf; then
		echo "sudo dnf install $all libasan libubsan"
	elif has pacman; then
		echo "sudo pacman -S --needed $all   (then open a new shell: emcc lives in /usr/lib/emscripten)"
	elif has zypper; then
		echo "sudo zypper install $all   (emscripten is not in every release: else https://emscripten.org/docs/getting_started/downloads.html)"
	elif has brew; then
		case $all in
		chromium) echo "brew install --cask chromium" ;;
		*chromium) echo "brew install ${all% chromium} && brew install --cask chromium" ;;
		*) echo "brew install $all" ;;
		esac
	elif has nix-env; then
		echo "nix-shell -p ${all//gcc/gcc gnumake} --run 'npm $goal'"
	else
		echo "install these with your system's package manager: $all"
	fi
}

install_system_packages() {
	local as_root=()
	if ! has apt-get; then
		say "missing: $*. Install them, then run this again:"
		say "  $(instruction "$@")"
		exit 1
	fi
	if [ "$(id -u)" != 0 ]; then
		if has sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
			as_root=(sudo)
		else
			say "missing: $*. This needs root:"
			say "  apt-get update && apt-get install --no-install-recommends $*"
			exit 1
		fi
	fi
	say "installing with apt-get: $* (emscripten and chromium are about 200 MB each; one or two minutes)"
	# An empty array counts as unset in the bash 3.2 of macOS.
	${as_root[@]+"${as_root[@]}"} apt-get -o DPkg::Lock::Timeout=600 -qq update || say "apt-get update failed; trying with the lists there are"
	${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -qq install -y --no-install-recommends "$@" >/dev/null
	local still
	still=$(missing)
	if [ -n "$still" ]; then
		say "still missing after apt-get:" $still
		[[ $still != *chromium* ]] || say "  for a browser: npx playwright install --with-deps chromium"
		exit 1
	fi
}

# npm packages are current when the lock file is the one they were installed from.
install_npm_packages() {
	local stamp=node_modules/.installed-from.json
	[ ! -L node_modules ] || return 0 # shared by several checkouts: theirs to keep
	[ -d node_modules ] && cmp -s package-lock.json "$stamp" && return 0
	if [ -e node_modules/.package-lock.json ] && [ ! -e "$stamp" ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then
		return 0
	fi
	say "installing npm packages (npm ci, about half a minute)"
	npm ci --no-audit --no-fund --loglevel=error
	cp package-lock.json "$stamp"
}

case $goal in
start | test) ;;
*)
	echo "usage: setup.sh start|test" >&2
	exit 2
	;;
esac
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || {
	say "node $(node --version) is too old: 20.19 or newer is needed (https://nodejs.org)"
	exit 1
}
packages=$(missing)
# shellcheck disable=SC2086 # one word per package
[ -z "$packages" ] || install_system_packages $packages
install_npm_packages
