/** To which addresses uploads and webhooks may be sent: `METAFLOWS_DELIVERY_DENY` and `_ALLOW`. */
import { BlockList, isIP } from 'node:net';

export class AddressPolicy {
  private readonly denied: BlockList;
  private readonly allowed: BlockList;

  /** Ranges such as `10.0.0.0/8`, valid ones; what is allowed is so also where it is denied. */
  constructor(deny: readonly string[], allow: readonly string[]) {
    this.denied = listOf(deny);
    this.allowed = listOf(allow);
  }

  /** `address` is an IP address; an IPv6 one that stands for an IPv4 one (`::ffff:127.0.0.1`) counts as that. */
  permits(address: string): boolean {
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    return this.allowed.check(address, family) || !this.denied.check(address, family);
  }
}

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
