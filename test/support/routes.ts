/** The routes that the app really has, whoever describes them. */
import type { Express } from 'express';
import request from 'supertest';

export interface Route {
  /** In upper case; of GET and HEAD, GET alone. */
  method: string;
  /** As express has it, `/v2/accounts/:account/channels`, below its mounts. */
  path: string;
}

/** express's own list; its types do not have it yet. */
interface Listing {
  listRoutes(): { path: string; methods?: string[]; router?: Listing }[];
}

/** Every route of the app; one that takes every method is asked which ones it knows. */
export async function routesOf(app: Express): Promise<Route[]> {
  const routes = await Promise.all(
    listed(app.router as unknown as Listing).map(async ({ path, methods }) => {
      const known = methods.includes('*') ? await allowed(app, path) : methods;
      return known.filter((method) => method !== 'HEAD').map((method) => ({ method, path }));
    }),
  );
  return routes.flat();
}

function listed(router: Listing, mount = ''): { path: string; methods: string[] }[] {
  return router.listRoutes().flatMap(({ path, methods, router: mounted }) => {
    const below = `${mount}${path === '/' ? '' : path}`;
    return mounted ? listed(mounted, below) : [{ path: below || '/', methods: methods ?? [] }];
  });
}

/** What an answer to a method that nothing has allows instead. */
async function allowed(app: Express, path: string): Promise<string[]> {
  const { headers } = await request(app).options(path.replaceAll(/:(\w+)/g, '$1'));
  const allow = (headers as Record<string, string | undefined>).allow;
  if (allow === undefined) throw new Error(`${path} does not say which methods it has`);
  return allow.split(', ');
}
