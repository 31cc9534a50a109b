# SPDX-License-Identifier: MIT
"""What the tests of viewers have in common: a server with sites that are busy."""

import server_test
from server_test import Host, wait_until
from ws_client import Viewer


class ViewersCase(server_test.TestCase):
    def setUp(self):
        self.server = Host()
        self.addCleanup(self.server.__exit__)
        self.addCleanup(self.server.stop)  # the viewers go before
        self.server.tell("sites 300")
        self.server.tell("busy 20")

    def viewer(self, **options):
        viewer = Viewer(self.server, **options)
        self.addCleanup(viewer.__exit__)
        return viewer

    def same_as_the_api(self, viewer, table, path, **query):
        """Takes messages until one is of the tick that the API answers."""
        def attempt():
            viewer.next()
            page = self.server.get(path, limit=500, **query)
            while viewer.seq < page["seq"]:
                viewer.next()
            return page if viewer.seq == page["seq"] else None
        page = wait_until("the same tick", attempt, every=0)
        columns = viewer.hello["cols"][table]
        self.assertEqual(viewer.rows(table),
                         [{name: row[name] for name in columns}
                          for row in page["rows"]])
        self.assertEqual(viewer.total, page["total"])
        self.assertEqual(viewer.stats["heap"],
                         self.server.stats(viewer.seq)["heap"])
