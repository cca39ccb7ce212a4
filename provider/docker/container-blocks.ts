/** The repeated parts of a container: how each block is written for the engine and read back. */
import { isEmpty, isObject, isUnknown, type ObjectValue, type Value } from '../protocol/values.ts';
import type { ContainerParts, EngineJson } from './container-options.ts';
import { formatDuration, parseDuration } from './go-duration.ts';
import { toLabelMap } from './labels.ts';
import { settle } from './settle.ts';

/** The objects of a block; none when it is absent. */
export function itemsOf(value: Value | undefined): ObjectValue[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** Writes all blocks except networks and uploads, which are separate calls. */
export function writeBlocks(planned: ObjectValue, parts: ContainerParts): void {
  const { config, hostConfig } = parts;
  config.Labels = toLabelMap(planned.labels);
  const [healthcheck] = itemsOf(planned.healthcheck);
  if (healthcheck) {
    config.Healthcheck = writeHealthcheck(healthcheck);
  }
  const [capabilities] = itemsOf(planned.capabilities);
  if (capabilities) {
    hostConfig.CapAdd = capabilities.add ?? [];
    hostConfig.CapDrop = capabilities.drop ?? [];
  }
  hostConfig.Devices = itemsOf(planned.devices).map((device) => ({
    PathOnHost: device.host_path,
    PathInContainer: device.container_path || device.host_path,
    CgroupPermissions: device.permissions,
  }));
  hostConfig.ExtraHosts = itemsOf(planned.host).map(({ host, ip }) => `${host}:${ip}`);
  hostConfig.Ulimits = itemsOf(planned.ulimit).map(({ name, soft, hard }) => ({
    Name: name,
    Soft: soft,
    Hard: hard,
  }));
  hostConfig.Mounts = itemsOf(planned.mounts).map(writeMount);
  writeVolumes(itemsOf(planned.volumes), parts);
  writePorts(itemsOf(planned.ports), parts);
}

function writeHealthcheck(check: ObjectValue): EngineJson {
  const nanoseconds = (value: Value): number => parseDuration(String(value)) ?? 0;
  return {
    Test: check.test,
    Interval: nanoseconds(check.interval),
    Timeout: nanoseconds(check.timeout),
    StartPeriod: nanoseconds(check.start_period),
    StartInterval: nanoseconds(check.start_interval) || undefined,
    Retries: check.retries,
  };
}

function writeMount(mount: ObjectValue): EngineJson {
  const [bind] = itemsOf(mount.bind_options);
  const [tmpfs] = itemsOf(mount.tmpfs_options);
  const [volume] = itemsOf(mount.volume_options);
  return {
    Type: mount.type,
    Target: mount.target,
    Source: mount.source,
    ReadOnly: mount.read_only === true,
    BindOptions: mount.type === 'bind' && bind ? { Propagation: bind.propagation } : undefined,
    TmpfsOptions:
      mount.type === 'tmpfs' && tmpfs
        ? { SizeBytes: tmpfs.size_bytes || undefined, Mode: tmpfs.mode || undefined }
        : undefined,
    VolumeOptions:
      mount.type === 'volume' && volume
        ? {
            NoCopy: volume.no_copy === true,
            Labels: toLabelMap(volume.labels),
            DriverConfig: isEmpty(volume.driver_name)
              ? undefined
              : { Name: volume.driver_name, Options: volume.driver_options ?? {} },
          }
        : undefined,
  };
}

/** A host path or a volume's name is a bind; a path alone is an anonymous volume. */
function writeVolumes(volumes: ObjectValue[], { config, hostConfig }: ContainerParts): void {
  const sourceOf = (volume: ObjectValue): Value => volume.host_path || volume.volume_name;
  config.Volumes = Object.fromEntries(volumes.map((volume) => [String(volume.container_path), {}]));
  hostConfig.Binds = volumes
    .filter((volume) => !isEmpty(sourceOf(volume)))
    .map((volume) => `${sourceOf(volume)}:${volume.container_path}:${volume.read_only ? 'ro' : 'rw'}`);
}

function writePorts(ports: ObjectValue[], { config, hostConfig }: ContainerParts): void {
  const exposed: Record<string, object> = {};
  const bindings: Record<string, object[]> = {};
  for (const port of ports) {
    const key = `${port.internal}/${port.protocol}`;
    exposed[key] = {};
    bindings[key] ??= [];
    bindings[key].push({
      HostIp: port.ip,
      HostPort: isUnknown(port.external) ? '' : String(port.external ?? ''),
    });
  }
  config.ExposedPorts = exposed;
  hostConfig.PortBindings = bindings;
}

/** The endpoint settings for one networks_advanced item. */
export function writeEndpoint(network: ObjectValue): EngineJson {
  return {
    Aliases: network.aliases ?? [],
    IPAMConfig: {
      IPv4Address: network.ipv4_address || undefined,
      IPv6Address: network.ipv6_address || undefined,
    },
  };
}

/** Blocks that can be told from the engine; those it mixes with its own (labels, networks, uploads) stay as they are. */
export function readBlocks(
  before: ObjectValue,
  parts: ContainerParts,
  portsFound: EngineJson | null,
): ObjectValue {
  const { config, hostConfig } = parts;
  const binds = (hostConfig.Binds ?? []) as string[];
  return {
    capabilities: readCapabilities(before.capabilities, hostConfig),
    healthcheck: readHealthcheck(before.healthcheck, config.Healthcheck as EngineJson | undefined),
    host: readBack(before.host, hostConfig.ExtraHosts, ({ host, ip }) => `${host}:${ip}`, fromExtraHost),
    ulimit: readBack(before.ulimit, hostConfig.Ulimits, ulimitKey, fromUlimit),
    ports: readPorts(before.ports, portsFound),
    devices: before.devices,
    mounts: before.mounts,
    volumes: itemsOf(before.volumes).filter(
      (volume) =>
        isEmpty(volume.host_path || volume.volume_name) ||
        binds.some((bind) =>
          bind.startsWith(`${volume.host_path || volume.volume_name}:${volume.container_path}`),
        ),
    ),
    labels: before.labels,
    networks_advanced: before.networks_advanced,
    upload: before.upload,
  };
}

function readCapabilities(before: Value, { CapAdd, CapDrop }: EngineJson): Value {
  const [known] = itemsOf(before);
  const add = (CapAdd ?? null) as Value;
  const drop = (CapDrop ?? null) as Value;
  if (isEmpty(add) && isEmpty(drop)) {
    return known && isEmpty(known.add) && isEmpty(known.drop) ? before : [];
  }
  return [{ add: settleNames(known?.add ?? null, add), drop: settleNames(known?.drop ?? null, drop) }];
}

/** NET_ADMIN and CAP_NET_ADMIN are one capability; which spelling comes back depends on the engine's version. */
function settleNames(before: Value, observed: Value): Value {
  const plain = (names: Value): string[] =>
    (Array.isArray(names) ? names : []).map((name) => String(name).toUpperCase().replace(/^CAP_/, '')).sort();
  return plain(before).join() === plain(observed).join() ? before : settle(before, observed);
}

const CHECK_FIELDS = [
  ['interval', 'Interval'],
  ['timeout', 'Timeout'],
  ['start_period', 'StartPeriod'],
  ['start_interval', 'StartInterval'],
] as const;

/** A check nobody configured is the image's. Durations are the same when they last the same. */
function readHealthcheck(before: Value, found: EngineJson | undefined): Value {
  const [known] = itemsOf(before);
  if (!known) {
    return [];
  }
  const read: ObjectValue = { test: (found?.Test ?? null) as Value, retries: Number(found?.Retries ?? 0) };
  for (const [name, field] of CHECK_FIELDS) {
    const nanoseconds = Number(found?.[field] ?? 0);
    const configured = parseDuration(String(known[name])) ?? 0;
    // Zero is "the image's or the engine's default", whatever that is; engines before 25 know no start interval.
    const silent = configured === 0 || found?.[field] === undefined;
    read[name] = silent || configured === nanoseconds ? known[name] : formatDuration(nanoseconds);
  }
  return [{ ...read, retries: known.retries === 0 ? 0 : read.retries }];
}

function readBack<Found>(
  before: Value,
  found: unknown,
  keyOf: (item: ObjectValue) => string,
  parse: (found: Found) => ObjectValue,
): ObjectValue[] {
  const known = itemsOf(before);
  const observed = ((found ?? []) as Found[]).map(parse);
  return observed.map((item) => known.find((one) => keyOf(one) === keyOf(item)) ?? item);
}

function fromExtraHost(text: string): ObjectValue {
  const [host, ...ip] = text.split(':');
  return { host, ip: ip.join(':') };
}

const ulimitKey = ({ name, soft, hard }: ObjectValue): string => `${name} ${soft} ${hard}`;
const fromUlimit = (found: EngineJson): ObjectValue => ({
  name: found.Name as string,
  soft: Number(found.Soft),
  hard: Number(found.Hard),
});

/** A stopped container has no ports, and a started one may have got others: only what is running counts. */
function readPorts(before: Value, found: EngineJson | null): ObjectValue[] {
  return itemsOf(before).map((port) => {
    const bindings = (found?.[`${port.internal}/${port.protocol}`] ?? []) as {
      HostIp: string;
      HostPort: string;
    }[];
    const fixed = bindings.find((one) => Number(one.HostPort) === port.external);
    const binding = fixed ?? bindings.find((one) => one.HostIp === port.ip) ?? bindings[0];
    return binding ? { ...port, external: Number(binding.HostPort) } : port;
  });
}
