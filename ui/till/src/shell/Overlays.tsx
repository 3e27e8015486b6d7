// What opens over a screen: the menu, the list of keys, and the palette. They are away from the selling path, hold the focus while they
// are open, and give it back.

import { Dialog, Heading, Modal, ModalOverlay } from "react-aria-components";
import { text } from "../texts/text.ts";
import type { Overlay } from "./counter.ts";
import { Help } from "./Help.tsx";
import { MenuList } from "./MenuList.tsx";
import { Palette } from "./Palette.tsx";
import { useCounter } from "./use.ts";
import "./overlays.css";

export default function Overlays({ overlay }: { overlay: NonNullable<Overlay> }) {
  const counter = useCounter();
  return (
    <ModalOverlay
      className={`veil ${overlay}`}
      isOpen
      isDismissable
      onOpenChange={(open) => {
        if (!open) counter.set({ overlay: null });
      }}
    >
      <Modal className="modal">
        <Dialog className="dialog">
          <Heading slot="title" className={overlay === "palette" ? "unseen" : "dialog-title"}>
            {text(`${overlay}-title`)}
          </Heading>
          {overlay === "menu" ? <MenuList /> : overlay === "help" ? <Help /> : <Palette />}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
