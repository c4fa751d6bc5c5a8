/** Every route that an express app has, read from its router, those of mounted routers too. */
import type { Express } from 'express';

export interface Route {
  path: string;
  /** In capitals; none where the route answers to all. */
  methods: string[];
}

/** What of express's router is read: its `Layer` and `Route` (the package router). */
interface Layer {
  rawPath: string | RegExp | (string | RegExp)[];
  slash: boolean;
  handle: ((...args: never[]) => unknown) & { stack?: Layer[] };
  route?: { path: string | string[]; stack: { method?: string }[] };
}

export function routesOf(app: Express): Route[] {
  const routes = read((app.router as unknown as { stack: Layer[] }).stack, '');
  return [...new Map(routes.map((route) => [`${route.methods.join()} ${route.path}`, route])).values()];
}

function read(stack: Layer[], prefix: string): Route[] {
  return stack.flatMap(({ rawPath, slash, handle, route }): Route[] => {
    if (route) {
      const methods = route.stack.flatMap(({ method }) => method?.toUpperCase() ?? []);
      return [route.path].flat().map((path) => ({ path: prefix + path, methods: [...new Set(methods)] }));
    }
    // for every path, or for errors: nothing that answers by itself
    const mounted = slash ? '' : String(rawPath);
    if (handle.stack) return read(handle.stack, prefix + mounted);
    return slash || handle.length > 3 ? [] : [{ path: prefix + mounted, methods: [] }];
  });
}
