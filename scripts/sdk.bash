# What ./switchyard and ./test share: finding the .NET SDK and building with it. Sourced, with $root set.
# shellcheck shell=bash

artifacts=${root:?}/artifacts
dotnet=dotnet
[[ -n ${DOTNET_ROOT:-} && -x $DOTNET_ROOT/dotnet ]] && dotnet=$DOTNET_ROOT/dotnet

# Ends with exit code 2 unless the .NET 10 SDK is there.
require_sdk() {
  local install="install the .NET 10 SDK from https://dotnet.microsoft.com/download/dotnet/10.0"
  if ! command -v "$dotnet" > /dev/null; then
    echo "switchyard: there is no dotnet on the PATH or in DOTNET_ROOT: $install" >&2
  elif ! (cd -- "$root" && "$dotnet" --version) < /dev/null > /dev/null 2>&1; then
    echo "switchyard: $(command -v "$dotnet") has no .NET 10 SDK: $install" >&2
  else
    return 0
  fi
  exit 2
}

# Builds a project in Release; what the compiler says is shown only when it fails.
# Descriptor 8 holds the build lock, which no process that outlives the build may inherit.
build_project() {
  local project=$1 log=$artifacts/build.log
  if ! "$dotnet" build "$root/$project" -c Release -v quiet -nologo --disable-build-servers \
    < /dev/null > "$log" 2>&1 8>&-; then
    grep -E ': (error|warning) ' "$log" | sort -u >&2 || cat -- "$log" >&2
    echo "switchyard: $project does not build: mend what the lines above name" >&2
    exit 1
  fi
}

# One build at a time in this folder, whoever starts it.
lock_builds() {
  mkdir -p -- "$artifacts"
  exec 8> "$artifacts/build.lock"
  flock 8
}

unlock_builds() {
  exec 8>&-
}

# The SDK wants a home that it can write to; packages already restored to the real one stay in use.
if [[ ! -w ${HOME:-} ]]; then
  export DOTNET_CLI_HOME=$artifacts/home
  [[ -d ${HOME:-}/.nuget/packages ]] && export NUGET_PACKAGES=${NUGET_PACKAGES:-$HOME/.nuget/packages}
fi
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
